import { attributeOf } from '../python/attributes.js';
import { Dict } from '../python/dict.js';
import { plain, type Filters } from './filter-context.js';
import { floatDigits } from '../python/number-format.js';
import { integerOf, numberOf, parsedFloat, parsedInteger, rounded } from '../python/numbers.js';
import { calculated } from '../python/operators.js';
import { isTrue } from '../python/sequences.js';
import { stripped } from '../python/split-text.js';
import { TemplateError, typeError } from '../python/template-error.js';
import { textOf, writtenForm } from '../python/text-of.js';
import { jsonOf } from './to-json.js';
import { typeName } from '../python/type-names.js';
import { isText, plainText, Undefined, type Value } from '../python/values.js';

/** jinja2's filters of any value, of numbers, and JSON. */
export const VALUE_FILTERS: Filters = {
  default: {
    parameters: [
      ['default_value', ''],
      ['boolean', false],
    ],
    apply: defaulted,
  },
  d: {
    parameters: [
      ['default_value', ''],
      ['boolean', false],
    ],
    apply: defaulted,
  },
  attr: {
    parameters: ['name'],
    apply: (value, name) => {
      if (!isText(name)) throw typeError(`attribute name must be string, not '${typeName(name)}'`);
      const found = attributeOf(value, plainText(name));
      // A field is no attribute.
      const isField = value instanceof Dict && value.get(name) === found;
      return isField ? new Undefined(() => `no attribute ${writtenForm(name)}`) : found;
    },
  },
  int: {
    parameters: [
      ['default', 0n],
      ['base', 10n],
    ],
    apply: integerOfValue,
  },
  float: {
    parameters: [['default', 0]],
    apply: (value, fallback) => {
      if (value instanceof Undefined) return value.fail();
      const number = numberOf(value);
      if (number !== undefined) return Number(number);
      return (isText(value) ? parsedFloat(stripped(plainText(value), null, 'both')) : undefined) ?? fallback!;
    },
  },
  abs: plain((value) => {
    const number = numberOf(value);
    if (number === undefined) throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
    return typeof number === 'bigint' ? (number < 0n ? -number : number) : Math.abs(number);
  }),
  round: {
    parameters: [
      ['precision', 0n],
      ['method', 'common'],
    ],
    apply: roundedValue,
  },
  filesizeformat: {
    parameters: [['binary', false]],
    apply: fileSize,
  },
  tojson: {
    parameters: [
      ['ensure_ascii', false],
      ['indent', null],
      ['separators', null],
      ['sort_keys', false],
    ],
    apply: (value, ensuresAscii, indent, separators, sortsKeys) =>
      jsonOf(value, {
        ensuresAscii: ensuresAscii!,
        indent: indent!,
        separators: separators!,
        sortsKeys: sortsKeys!,
      }),
  },
};

function defaulted(value: Value, fallback?: Value, isBoolean?: Value): Value {
  return value instanceof Undefined || (isTrue(isBoolean!) && !isTrue(value)) ? fallback! : value;
}

function integerOfValue(value: Value, fallback?: Value, base?: Value): Value {
  if (value instanceof Undefined) return value.fail();
  const number = numberOf(value);
  if (typeof number === 'bigint') return number;
  if (number !== undefined) return truncated(number) ?? fallback!;
  if (!isText(value)) return fallback!;
  const text = stripped(plainText(value), null, 'both');
  const radix = Number(integerOf(base!) ?? 10n);
  try {
    return parsedInteger(text, radix, writtenForm(value));
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const float = parsedFloat(text);
    return float !== undefined && Number.isFinite(float) ? BigInt(Math.trunc(float)) : fallback!;
  }
}

/** undefined for what is no number. */
function truncated(number: number): bigint | undefined {
  if (Number.isNaN(number)) return undefined;
  if (!Number.isFinite(number))
    throw new TemplateError('OverflowError', 'cannot convert float infinity to integer');
  return BigInt(Math.trunc(number));
}

function roundedValue(value: Value, precision?: Value, method?: Value): Value {
  if (method !== 'common' && method !== 'ceil' && method !== 'floor')
    throw new TemplateError('TypeError', 'method must be common, ceil or floor');
  const number = numberOf(value);
  if (number === undefined && method === 'common')
    throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
  const places = integerOf(precision!);
  if (places === undefined)
    throw typeError(`'${typeName(precision!)}' object cannot be interpreted as an integer`);
  if (method === 'common') return rounded(number!, Number(places));
  const unit = calculated('**', 10n, places);
  const scaled = calculated('*', value, unit);
  const size = numberOf(scaled);
  if (size === undefined) throw typeError(`must be real number, not ${typeName(scaled)}`);
  const whole =
    typeof size === 'bigint' ? size : truncated(method === 'ceil' ? Math.ceil(size) : Math.floor(size));
  if (whole === undefined) throw new TemplateError('ValueError', 'cannot convert float NaN to integer');
  return calculated('/', whole, unit);
}

const PREFIXES = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];

function fileSize(value: Value, isBinary?: Value): Value {
  const bytes = Number(numberOf(value) ?? parsedFloat(textOf(value)) ?? Number.NaN);
  if (Number.isNaN(bytes))
    throw new TemplateError('ValueError', `could not convert string to float: ${writtenForm(value)}`);
  const base = isTrue(isBinary!) ? 1024 : 1000;
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const at = PREFIXES.findIndex((_, index) => bytes < base ** (index + 2));
  const power = at < 0 ? PREFIXES.length - 1 : at;
  const size = floatDigits((base * bytes) / base ** (power + 2), 'f', 1, false);
  return `${size} ${isTrue(isBinary!) ? `${PREFIXES[power]!.toUpperCase()}i` : PREFIXES[power]}B`;
}
