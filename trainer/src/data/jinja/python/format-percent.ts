import { spendText } from './budget.js';
import { lengthOfText } from './code-points.js';
import { Dict } from './dict.js';
import { checkedWidth, floatDigits, type FloatForm } from './number-format.js';
import { integerOf, numberOf } from './numbers.js';
import { TemplateError, typeError, valueError } from './template-error.js';
import { escapedCode, textOf, writtenForm } from './text-of.js';
import { typeName } from './type-names.js';
import { isList, isText, Range, Tuple, Undefined, type Value } from './values.js';

const DIRECTIVE = /%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?[hlL]?([\s\S])?/g;

interface Field {
  readonly flags: string;
  readonly precision: number | undefined;
}

/** Python's `text % values`. */
export function formatPercent(format: string, values: Value): string {
  const items = values instanceof Tuple ? [...values.items] : [values];
  let taken = 0;
  const next = (): Value => {
    const item = items[taken++];
    if (item === undefined) throw typeError('not enough arguments for format string');
    return item;
  };
  const size = (given: string | undefined): number | undefined => {
    if (given !== '*') return given === undefined ? undefined : Number(given);
    const integer = integerOf(next());
    if (integer === undefined) throw typeError('* wants int');
    return Number(integer);
  };
  const text = format.replace(
    DIRECTIVE,
    (all, name: string | undefined, flags: string, width: string | undefined, digits, kind, at: number) => {
      if (kind === undefined) throw valueError('incomplete format');
      let named: Value | undefined;
      if (name !== undefined) {
        if (!(values instanceof Dict)) throw typeError('format requires a mapping');
        named = values.get(name);
        if (named === undefined) throw new TemplateError('KeyError', writtenForm(name));
      }
      const wide = size(width);
      const precision = digits === '' ? 0 : size(digits);
      if (kind === '%') return '%';
      const left = flags + (wide !== undefined && wide < 0 ? '-' : '');
      const field: Field = {
        flags: left,
        precision: precision === undefined ? precision : Math.max(precision, 0),
      };
      const written = converted(kind, named ?? next(), field, at + all.length - 1);
      return padded(written, left, Math.abs(wide ?? 0), kind);
    },
  );
  // Values that can be subscripted may be left unused.
  const mayBeLeft =
    values instanceof Dict || isList(values) || values instanceof Range || values instanceof Undefined;
  if (taken < items.length && !mayBeLeft)
    throw typeError('not all arguments converted during string formatting');
  spendText(text.length);
  return text;
}

function converted(kind: string, value: Value, field: Field, at: number): string {
  switch (kind) {
    case 's':
      return cut(textOf(value), field.precision);
    case 'r':
      return cut(writtenForm(value), field.precision);
    case 'a':
      return cut(asciiForm(value), field.precision);
    case 'c':
      return characterOf(value);
    case 'd':
    case 'i':
    case 'u':
      return integerText(decimalOf(value, kind), 10, field, '');
    case 'o':
    case 'x':
    case 'X': {
      const integer = integerOf(value);
      if (integer === undefined)
        throw typeError(`%${kind} format: an integer is required, not ${typeName(value)}`);
      const text = integerText(integer, kind === 'o' ? 8 : 16, field, kind === 'o' ? '0o' : '0x');
      return kind === 'X' ? text.toUpperCase() : text;
    }
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G': {
      const form = kind.toLowerCase() as FloatForm;
      const number = Number(realOf(value));
      const text = floatDigits(Math.abs(number), form, field.precision ?? 6, field.flags.includes('#'));
      const isNegative = number < 0 || Object.is(number, -0);
      return signOf(isNegative, field.flags) + (kind === form ? text : text.toUpperCase());
    }
    default: {
      const code = (kind.codePointAt(0) ?? 0).toString(16);
      throw valueError(`unsupported format character '${kind}' (0x${code}) at index ${at}`);
    }
  }
}

function cut(text: string, precision: number | undefined): string {
  return precision === undefined ? text : Array.from(text).slice(0, precision).join('');
}

function asciiForm(value: Value): string {
  return writtenForm(value).replace(/[^\0-\x7f]/gu, (character) =>
    escapedCode(character.codePointAt(0) ?? 0),
  );
}

function characterOf(value: Value): string {
  const integer = integerOf(value);
  if (integer !== undefined) {
    if (integer < 0n || integer > 0x10ffffn)
      throw new TemplateError('OverflowError', '%c arg not in range(0x110000)');
    return String.fromCodePoint(Number(integer));
  }
  if (isText(value) && lengthOfText(textOf(value)) === 1) return textOf(value);
  throw typeError('%c requires int or char');
}

function decimalOf(value: Value, kind: string): bigint {
  const number = numberOf(value);
  if (typeof number === 'bigint') return number;
  if (value instanceof Undefined) return value.fail();
  if (number === undefined)
    throw typeError(`%${kind} format: a real number is required, not ${typeName(value)}`);
  if (Number.isFinite(number)) return BigInt(Math.trunc(number));
  throw Number.isNaN(number)
    ? valueError('cannot convert float NaN to integer')
    : new TemplateError('OverflowError', 'cannot convert float infinity to integer');
}

function realOf(value: Value): bigint | number {
  const number = numberOf(value);
  if (value instanceof Undefined) return value.fail();
  if (number === undefined) throw typeError(`must be real number, not ${typeName(value)}`);
  return number;
}

function integerText(value: bigint, radix: number, { flags, precision }: Field, prefix: string): string {
  const digits = (value < 0n ? -value : value).toString(radix).padStart(checkedWidth(precision ?? 0), '0');
  return signOf(value < 0n, flags) + (flags.includes('#') ? prefix : '') + digits;
}

function signOf(isNegative: boolean, flags: string): string {
  if (isNegative) return '-';
  if (flags.includes('+')) return '+';
  return flags.includes(' ') ? ' ' : '';
}

function padded(text: string, flags: string, width: number, kind: string): string {
  const missing = checkedWidth(width) - lengthOfText(text);
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  const isNumber = !'srac'.includes(kind);
  if (!flags.includes('0') || !isNumber) return ' '.repeat(missing) + text;
  const [head = ''] = /^[-+ ]?(?:0[xXoO])?/.exec(text) ?? [];
  return head + '0'.repeat(missing) + text.slice(head.length);
}
