import { spendStep } from './budget.js';
import { Dict } from './dict.js';
import { viewItems } from './equality.js';
import { floatText, integerText } from './numbers.js';
import { unsupported } from './template-error.js';
import { typeName } from './type-names.js';
import {
  DictView,
  isList,
  Markup,
  Namespace,
  PythonObject,
  Range,
  Tuple,
  Undefined,
  WrittenFloat,
  type Value,
} from './values.js';

/** Python's `str`. */
export function textOf(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof Markup) return value.text;
  return value instanceof Undefined ? '' : writtenForm(value);
}

/** Python's `repr`. */
export function writtenForm(value: Value): string {
  spendStep();
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'boolean':
      return value ? 'True' : 'False';
    case 'bigint':
      return integerText(value);
    case 'number':
      return floatText(value);
    default:
  }
  if (value === null) return 'None';
  if (isList(value)) return `[${value.map(writtenForm).join(', ')}]`;
  if (value instanceof WrittenFloat) return value.digits;
  if (value instanceof Markup) return `Markup(${quoted(value.text)})`;
  if (value instanceof Tuple) return tupleForm(value.items);
  if (value instanceof Dict) return dictForm(value);
  if (value instanceof DictView) return `${value.kind}(${writtenForm(viewItems(value))})`;
  if (value instanceof Range)
    return `range(${value.start}, ${value.stop}${value.step === 1n ? '' : `, ${value.step}`})`;
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Namespace) return `<Namespace ${dictForm(value.attributes)}>`;
  const printed = value instanceof PythonObject ? value.print() : undefined;
  // jinja2 would print an address in memory.
  if (printed === undefined) throw unsupported(`printing a ${typeName(value)}`);
  return printed;
}

function tupleForm(items: readonly Value[]): string {
  return items.length === 1 ? `(${writtenForm(items[0]!)},)` : `(${items.map(writtenForm).join(', ')})`;
}

function dictForm(dict: Dict): string {
  const fields = Array.from(dict.entries(), ([key, value]) => `${writtenForm(key)}: ${writtenForm(value)}`);
  return `{${fields.join(', ')}}`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** Python's `repr` of a text. */
export function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\p{C}\p{Z}\\]/gu, (character) =>
    character === ' ' ? ' ' : (ESCAPES[character] ?? escapedCode(character.codePointAt(0) ?? 0)),
  );
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}

/** The escape of a code point in the shortest of Python's three forms. */
export function escapedCode(code: number): string {
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
