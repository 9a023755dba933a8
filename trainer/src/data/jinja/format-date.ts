const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const DAY_MS = 86_400_000;

/** A date in UTC as C's `strftime` writes it in the locale "C"; what it does not know stays as it is. */
export function formatDate(date: Date, format: string): string {
  return format.replace(/%([-_0^]?)([A-Za-z%])/g, (token, flag: string, directive: string) => {
    const value = directiveOf(date, directive);
    if (value === undefined) return token;
    if (flag === '-') return value.replace(/^[0 ]+(?=.)/, '');
    if (flag === '_') return value.replace(/^0+(?=.)/, (zeros) => ' '.repeat(zeros.length));
    return flag === '^' ? value.toUpperCase() : value;
  });
}

function directiveOf(date: Date, directive: string): string | undefined {
  const year = date.getUTCFullYear();
  const hours = date.getUTCHours();
  const day = date.getUTCDay();
  const dayOfYear = Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / DAY_MS) + 1;
  const of = (format: string) => formatDate(date, format);
  switch (directive) {
    case 'a':
      return DAYS[day]?.slice(0, 3);
    case 'A':
      return DAYS[day];
    case 'b':
    case 'h':
      return MONTHS[date.getUTCMonth()]?.slice(0, 3);
    case 'B':
      return MONTHS[date.getUTCMonth()];
    case 'c':
      return of('%a %b %e %H:%M:%S %Y');
    case 'C':
      return padded(Math.floor(year / 100));
    case 'd':
      return padded(date.getUTCDate());
    case 'D':
    case 'x':
      return of('%m/%d/%y');
    case 'e':
      return padded(date.getUTCDate(), 2, ' ');
    case 'f':
      return padded(date.getUTCMilliseconds() * 1000, 6);
    case 'F':
      return of('%Y-%m-%d');
    case 'H':
      return padded(hours);
    case 'I':
      return padded(hours % 12 || 12);
    case 'j':
      return padded(dayOfYear, 3);
    case 'm':
      return padded(date.getUTCMonth() + 1);
    case 'M':
      return padded(date.getUTCMinutes());
    case 'n':
      return '\n';
    case 'p':
      return hours < 12 ? 'AM' : 'PM';
    case 'R':
      return of('%H:%M');
    case 's':
      return String(Math.floor(date.getTime() / 1000));
    case 'S':
      return padded(date.getUTCSeconds());
    case 't':
      return '\t';
    case 'T':
    case 'X':
      return of('%H:%M:%S');
    case 'u':
      return String(day || 7);
    case 'U':
      return padded(Math.floor((dayOfYear + 6 - day) / 7));
    case 'w':
      return String(day);
    case 'W':
      return padded(Math.floor((dayOfYear + 6 - ((day + 6) % 7)) / 7));
    case 'y':
      return padded(year % 100);
    case 'Y':
      return String(year);
    case 'z':
    case 'Z':
      // Python's datetime.now() knows no zone.
      return '';
    case '%':
      return '%';
    default:
      return undefined;
  }
}

function padded(value: number, width = 2, fill = '0'): string {
  return String(value).padStart(width, fill);
}
