import { valueError } from './template-error.js';
import { WrittenFloat, type Value } from './values.js';

/** The number that Python calculates with; undefined when the value is none. */
export function numberOf(value: Value): bigint | number | undefined {
  switch (typeof value) {
    case 'bigint':
    case 'number':
      return value;
    case 'boolean':
      return value ? 1n : 0n;
    default:
      return value instanceof WrittenFloat ? value.value : undefined;
  }
}

/** The integer of an int or a bool. */
export function integerOf(value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return typeof value === 'boolean' ? (value ? 1n : 0n) : undefined;
}

export function isFloat(value: Value): boolean {
  return typeof value === 'number' || value instanceof WrittenFloat;
}

/** Python's `repr` of a float: the shortest digits, with an exponent from 1e16 and below 1e-4. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  if (value === 0) return '0.0';
  const [digits = '', exponentText] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) return `${digits}e${exponentTextOf(exponent)}`;
  // JavaScript writes no exponent from 1e-6 to 1e21.
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** An exponent with its sign and at least two digits. */
export function exponentTextOf(exponent: number): string {
  return `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** A finite float times ten to the power of `places`, rounded half to even: exact, as Python rounds. */
export function scaledInteger(value: number, places: number): bigint {
  const [mantissa, exponent] = exactParts(value);
  let [numerator, denominator] = [mantissa, 1n];
  if (exponent >= 0) numerator <<= BigInt(exponent);
  else denominator <<= BigInt(-exponent);
  if (places >= 0) numerator *= 10n ** BigInt(places);
  else denominator *= 10n ** BigInt(-places);
  return dividedHalfEven(numerator, denominator);
}

/** @param denominator positive */
export function dividedHalfEven(numerator: bigint, denominator: bigint): bigint {
  const isNegative = numerator < 0n;
  const size = isNegative ? -numerator : numerator;
  let quotient = size / denominator;
  const twice = (size % denominator) * 2n;
  if (twice > denominator || (twice === denominator && quotient % 2n === 1n)) quotient++;
  return isNegative ? -quotient : quotient;
}

/** A finite float as an integer times a power of two. */
function exactParts(value: number): [mantissa: bigint, exponent: number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n;
  return [bits >> 63n === 1n ? -mantissa : mantissa, Math.max(biased, 1) - 1075];
}

/** Python's `round`. */
export function rounded(value: bigint | number, places: number): bigint | number {
  if (typeof value === 'bigint') {
    if (places >= 0) return value;
    const unit = 10n ** BigInt(Math.min(-places, 10_000));
    return dividedHalfEven(value, unit) * unit;
  }
  if (!Number.isFinite(value) || places > 323) return value;
  if (places < -308) return value < 0 ? -0 : 0;
  const integer = scaledInteger(value, places);
  const result = Number(`${integer}e${-places}`);
  return result === 0 && (value < 0 || Object.is(value, -0)) ? -0 : result;
}

const DECIMAL_ZEROS = /\p{Nd}/gu;

/** Decimal digits of any script as ASCII ones. */
function asciiDigits(text: string): string {
  return text.replace(DECIMAL_ZEROS, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    if (code < 0x80) return digit;
    let zero = code;
    while (zero > code - 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
    return String(code - zero);
  });
}

/** Longest integer that Python reads and writes. */
const MAX_DIGITS = 4300;
const MAX_WRITTEN = 10n ** BigInt(MAX_DIGITS);

function tooManyDigits(): Error {
  return valueError(`Exceeds the limit (${MAX_DIGITS} digits) for integer string conversion`);
}

/** Python's `str` of an int. */
export function integerText(value: bigint): string {
  if (value >= MAX_WRITTEN || value <= -MAX_WRITTEN) throw tooManyDigits();
  return String(value);
}

/** An integer in the template or the data. @throws TemplateError when Python would not read it */
export function writtenInteger(digits: string): bigint {
  if (digits.length > MAX_DIGITS) throw tooManyDigits();
  return BigInt(digits);
}

/** Python's `int(text, base)`. @throws TemplateError as Python does */
export function parsedInteger(text: string, base: number, shown: string): bigint {
  const refusal = () => valueError(`invalid literal for int() with base ${base}: ${shown}`);
  if (base !== 0 && (base < 2 || base > 36)) throw valueError('int() base must be >= 2 and <= 36, or 0');
  const match = /^([+-]?)(0[xX]|0[oO]|0[bB])?(_?[0-9a-zA-Z]+(?:_[0-9a-zA-Z]+)*)$/.exec(asciiDigits(text));
  if (!match) throw refusal();
  const [, sign, rawPrefix = '', rawDigits = ''] = match;
  const prefix = rawPrefix.toLowerCase();
  const ofPrefix = { '0x': 16, '0o': 8, '0b': 2 }[prefix];
  const isPrefixed = ofPrefix !== undefined && (base === 0 || base === ofPrefix);
  if (!isPrefixed && rawDigits.startsWith('_')) throw refusal();
  const radix = isPrefixed ? ofPrefix : base === 0 ? 10 : base;
  const digits = ((isPrefixed ? '' : prefix) + rawDigits).replaceAll('_', '').toLowerCase();
  if (base === 0 && !isPrefixed && /^0+[1-9]/.test(digits)) throw refusal();
  if (digits.length > MAX_DIGITS) throw tooManyDigits();
  let value = 0n;
  for (const digit of digits) {
    const place = Number.parseInt(digit, 36);
    if (!(place < radix)) throw refusal();
    value = value * BigInt(radix) + BigInt(place);
  }
  return sign === '-' ? -value : value;
}

/** Python's `float(text)`; undefined when it is no number. */
export function parsedFloat(text: string): number | undefined {
  const plain = asciiDigits(text);
  if (/^[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?$/.test(plain))
    return Number(plain.replaceAll('_', ''));
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(plain);
  if (!word) return undefined;
  const size = word[2]!.toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY;
  return word[1] === '-' ? -size : size;
}
