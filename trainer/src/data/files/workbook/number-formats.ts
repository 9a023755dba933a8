import { format, getFormatFromId, isDateFormat, isTextFormat } from 'numfmt';
import { words } from '../../../words/index.js';
import { UnreadableValue } from '../../unreadable-value.js';
import { readWholeXml, type Office } from './xml-part.js';

const GENERAL = 'General';
/** Days between the calendars that begin in 1900 and in 1904. */
const DAYS_TO_1904 = 1462;
/** A workbook keeps this many digits of a number; the others are 0. */
const MOST_INTEGER = 1e15;

/** Formats that a program shows in the manner of its country; dates are shown as ISO 8601 writes them, and as Chinese Excel does. */
const BY_COUNTRY: Readonly<Record<number, string>> = {
  14: 'yyyy-mm-dd',
  22: 'yyyy-mm-dd hh:mm',
  27: 'yyyy"年"m"月"',
  28: 'm"月"d"日"',
  29: 'm"月"d"日"',
  30: 'yyyy-mm-dd',
  31: 'yyyy"年"m"月"d"日"',
  32: 'h"时"mm"分"',
  33: 'h"时"mm"分"ss"秒"',
  36: 'yyyy"年"m"月"',
  50: 'yyyy"年"m"月"',
  51: 'm"月"d"日"',
  52: 'yyyy"年"m"月"',
  53: 'm"月"d"日"',
  54: 'm"月"d"日"',
  57: 'yyyy"年"m"月"',
  58: 'm"月"d"日"',
};

/** Writes numbers as the cells of a workbook show them. */
export class NumberFormats {
  constructor(
    private readonly codes: readonly string[],
    private readonly isFrom1904: boolean,
  ) {}

  /** @param style number of the cell's style */
  shown(text: string, style: number): string | UnreadableValue {
    const value = Number(text);
    if (!Number.isFinite(value)) return new UnreadableValue(words().workbook.noNumber(text.slice(0, 40)));
    if (Number.isInteger(value) && Math.abs(value) >= MOST_INTEGER)
      return new UnreadableValue(words().workbook.lostDigits());
    const code = this.codes[style] ?? GENERAL;
    if (code === GENERAL || isTextFormat(code)) return general(value);
    try {
      const days = this.isFrom1904 && isDateFormat(code) ? value + DAYS_TO_1904 : value;
      const shown = format(code, days, { nbsp: false, skipChar: '', fillChar: '' }).trim();
      // A format that hides a number, or a date before the calendar begins, shows nothing of it.
      return shown === '' || shown.startsWith('###') ? general(value) : shown;
    } catch {
      return general(value);
    }
  }
}

/** A number has 15 digits; those behind are an error of binary arithmetic. */
const general = (value: number): string => String(Number(value.toPrecision(15)));

/** The formats of the cells' styles, in the order of their numbers. @param name of the part; undefined = there is none */
export async function readNumberFormats(
  office: Office,
  name: string | undefined,
  isFrom1904: boolean,
): Promise<NumberFormats> {
  const own = new Map<number, string>();
  const codes: string[] = [];
  let isInStyles = false;
  if (name !== undefined)
    await readWholeXml(office, name, {
      open(tag, attributes) {
        if (tag === 'numFmt') own.set(Number(attributes['numFmtId']), attributes['formatCode'] ?? GENERAL);
        else if (tag === 'cellXfs') isInStyles = true;
        else if (tag === 'xf' && isInStyles) codes.push(codeOf(Number(attributes['numFmtId'] ?? 0), own));
      },
      close(tag) {
        if (tag === 'cellXfs') isInStyles = false;
      },
    });
  return new NumberFormats(codes, isFrom1904);
}

function codeOf(id: number, own: ReadonlyMap<number, string>): string {
  return own.get(id) ?? BY_COUNTRY[id] ?? getFormatFromId(id) ?? GENERAL;
}
