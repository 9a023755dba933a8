import { spendText } from './budget.js';
import { lengthOfText } from './code-points.js';
import { checkedWidth, floatDigits, type FloatForm } from './number-format.js';
import { floatText, integerOf, isFloat, numberOf } from './numbers.js';
import { TemplateError, typeError, unsupported, valueError } from './template-error.js';
import { escapedCode, textOf, writtenForm } from './text-of.js';
import { typeName } from './type-names.js';
import { isText, type Keywords, type Value } from './values.js';

/** How a field reads an attribute or item: as the template itself does. */
export interface FieldAccess {
  attribute(value: Value, name: string): Value;
  item(value: Value, key: Value): Value;
}

interface Arguments {
  readonly args: readonly Value[];
  readonly keywords: Keywords;
  readonly access: FieldAccess;
}

/** Python's `text.format(…)`. */
export function formatText(format: string, given: Arguments): string {
  const result = filled(format, given, { automatic: 0 }, 2);
  spendText(result.length);
  return result;
}

interface Numbering {
  /** The next field without a number; undefined when the fields have numbers. */
  automatic: number | undefined;
}

function filled(format: string, given: Arguments, numbering: Numbering, depth: number): string {
  if (depth === 0) throw valueError('Max string recursion exceeded');
  let result = '';
  for (let at = 0; at < format.length; at++) {
    const character = format[at]!;
    if (character !== '{' && character !== '}') {
      result += character;
      continue;
    }
    if (format[at + 1] === character) {
      result += character;
      at++;
      continue;
    }
    if (character === '}') throw valueError("Single '}' encountered in format string");
    const end = endOfField(format, at + 1);
    result += field(format.slice(at + 1, end), given, numbering, depth);
    at = end;
  }
  return result;
}

function endOfField(format: string, begin: number): number {
  let depth = 1;
  for (let at = begin; at < format.length; at++) {
    if (format[at] === '{') depth++;
    if (format[at] === '}' && --depth === 0) return at;
  }
  throw valueError(
    begin >= format.length ? "Single '{' encountered in format string" : "expected '}' before end of string",
  );
}

function field(source: string, given: Arguments, numbering: Numbering, depth: number): string {
  const [, name = '', conversion, spec = ''] =
    /^((?:[^[!:]|\[[^\]]*\])*)(?:!([^:]*))?(?::([\s\S]*))?$/.exec(source) ?? [];
  const value = valueOfField(name, given, numbering);
  const shown = conversion === undefined ? value : conversionOf(conversion, value);
  return formatted(shown, filled(spec, given, numbering, depth - 1));
}

function valueOfField(source: string, { args, keywords, access }: Arguments, numbering: Numbering): Value {
  const [, first = '', rest = ''] = /^([^.[]*)([\s\S]*)$/.exec(source) ?? [];
  let value = firstOf(first, args, keywords, numbering);
  for (const [, attribute, key] of rest.matchAll(/\.([^.[]*)|\[([^\]]*)\]/g)) {
    if (attribute === '' || key === '') throw valueError('Empty attribute in format string');
    value =
      attribute === undefined
        ? access.item(value, /^\d+$/.test(key!) ? BigInt(key!) : key!)
        : access.attribute(value, attribute);
  }
  return value;
}

function firstOf(name: string, args: readonly Value[], keywords: Keywords, numbering: Numbering): Value {
  if (name !== '' && !/^\d+$/.test(name)) {
    const value = keywords.get(name);
    if (value === undefined) throw new TemplateError('KeyError', writtenForm(name));
    return value;
  }
  if (name === '' ? numbering.automatic === undefined : (numbering.automatic ?? 0) > 0)
    throw valueError(
      name === ''
        ? 'cannot switch from manual field specification to automatic field numbering'
        : 'cannot switch from automatic field numbering to manual field specification',
    );
  const at = name === '' ? numbering.automatic! : Number(name);
  numbering.automatic = name === '' ? at + 1 : undefined;
  const value = args[at];
  if (value === undefined)
    throw new TemplateError('IndexError', `Replacement index ${at} out of range for positional args tuple`);
  return value;
}

function conversionOf(conversion: string, value: Value): string {
  switch (conversion) {
    case 's':
      return textOf(value);
    case 'r':
      return writtenForm(value);
    case 'a':
      return writtenForm(value).replace(/[^\0-\x7f]/gu, (character) =>
        escapedCode(character.codePointAt(0) ?? 0),
      );
    default:
      throw valueError(`Unknown conversion specifier ${conversion}`);
  }
}

const SPEC = /^(?:([\s\S])(?=[<>=^]))?([<>=^])?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([\s\S])?$/u;

interface Spec {
  readonly fill: string;
  readonly align: string | undefined;
  readonly sign: string;
  readonly isAlternate: boolean;
  readonly width: number;
  readonly group: string;
  readonly precision: number | undefined;
  readonly kind: string;
}

function specOf(source: string, value: Value): Spec {
  const match = SPEC.exec(source);
  if (!match)
    throw valueError(`Invalid format specifier '${source}' for object of type '${typeName(value)}'`);
  const [, fill, align, sign = '', zero, alternate, pad, width, group = '', precision, kind = ''] = match;
  if (zero !== undefined) throw unsupported('"z" in a format');
  return {
    fill: fill ?? (pad === undefined ? ' ' : '0'),
    align: align ?? (pad === undefined || isText(value) ? undefined : '='),
    sign,
    isAlternate: alternate !== undefined,
    width: checkedWidth(Number(width ?? 0)),
    group,
    precision: precision === undefined ? undefined : checkedWidth(Number(precision)),
    kind,
  };
}

/** Python's `format(value, spec)`. */
export function formatted(value: Value, source: string): string {
  if (source === '') return textOf(value);
  if (isText(value)) return formattedText(textOf(value), specOf(source, value));
  if (numberOf(value) === undefined)
    throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
  return formattedNumber(value, specOf(source, value));
}

function formattedText(text: string, spec: Spec): string {
  if (spec.kind !== '' && spec.kind !== 's') throw unknownKind(spec, 'str');
  if (spec.sign !== '') throw valueError('Sign not allowed in string format specifier');
  if (spec.isAlternate) throw valueError('Alternate form (#) not allowed in string format specifier');
  if (spec.align === '=') throw valueError("'=' alignment not allowed in string format specifier");
  if (spec.group !== '') throw valueError(`Cannot specify '${spec.group}' with 's'.`);
  const cut = spec.precision === undefined ? text : Array.from(text).slice(0, spec.precision).join('');
  return aligned('', cut, spec, '<');
}

const RADICES: Readonly<Record<string, number>> = { b: 2, o: 8, d: 10, x: 16, X: 16, n: 10, '': 10 };

function formattedNumber(value: Value, spec: Spec): string {
  const { kind, precision, group } = spec;
  const integer = integerOf(value);
  const radix = RADICES[kind];
  if (kind === 'n') throw unsupported('"n" in a format');
  if (integer !== undefined && kind === 'c') {
    return aligned('', String.fromCodePoint(Number(integer)), spec, '<');
  }
  if (integer !== undefined && radix !== undefined) {
    if (precision !== undefined) throw valueError('Precision not allowed in integer format specifier');
    const digits = (integer < 0n ? -integer : integer).toString(radix);
    const text = grouped(digits, group, radix === 10 ? 3 : 4);
    const prefix = spec.isAlternate && radix !== 10 ? `0${kind}` : '';
    return aligned(signOf(integer < 0n, spec) + prefix, kind === 'X' ? text.toUpperCase() : text, spec, '>');
  }
  if (!'eEfFgG%'.includes(kind)) throw unknownKind(spec, typeName(value));
  const number = Number(numberOf(value));
  const isNegative = number < 0 || Object.is(number, -0);
  const text = floatForm(Math.abs(number), spec, value);
  const [whole = '', rest = ''] = /^(\d+)([\s\S]*)$/.exec(text)?.slice(1) ?? [text, ''];
  return aligned(signOf(isNegative, spec), grouped(whole, group, 3) + rest, spec, '>');
}

function floatForm(size: number, { kind, precision, isAlternate }: Spec, value: Value): string {
  if (kind === '') {
    if (precision === undefined) return floatText(size);
    const short = floatDigits(size, 'g', precision, isAlternate);
    // Python keeps one digit behind the point.
    return isFloat(value) && /^\d+$/.test(short) && short.length < Math.max(precision, 1) + 1
      ? `${short}.0`
      : short;
  }
  if (kind === '%') return `${floatDigits(size * 100, 'f', precision ?? 6, false)}%`;
  const form = kind.toLowerCase() as FloatForm;
  const text = floatDigits(size, form, precision ?? 6, isAlternate);
  return kind === form ? text : text.toUpperCase();
}

function signOf(isNegative: boolean, { sign }: Spec): string {
  if (isNegative) return '-';
  return sign === '+' || sign === ' ' ? sign : '';
}

function grouped(digits: string, mark: string, size: number): string {
  if (mark === '' || !/^[0-9a-f]+$/.test(digits)) return digits;
  return digits.replace(new RegExp(`\\B(?=(?:[0-9a-f]{${size}})+$)`, 'g'), mark);
}

function aligned(head: string, text: string, { fill, align, width, group }: Spec, usual: string): string {
  const missing = width - lengthOfText(head + text);
  if (missing <= 0) return head + text;
  if (group !== '' && fill === '0' && (align ?? usual) === '=') throw unsupported('zeros with digit groups');
  switch (align ?? usual) {
    case '<':
      return head + text + fill.repeat(missing);
    case '^': {
      const before = Math.floor(missing / 2);
      return fill.repeat(before) + head + text + fill.repeat(missing - before);
    }
    case '=':
      return head + fill.repeat(missing) + text;
    default:
      return fill.repeat(missing) + head + text;
  }
}

function unknownKind({ kind }: Spec, type: string): Error {
  return valueError(`Unknown format code '${kind}' for object of type '${type}'`);
}
