import { spendStep, spendText } from '../python/budget.js';
import { Dict } from '../python/dict.js';
import { isOrdered } from '../python/equality.js';
import { floatText, integerOf, integerText } from '../python/numbers.js';
import { isTrue } from '../python/sequences.js';
import { typeError } from '../python/template-error.js';
import { typeName } from '../python/type-names.js';
import { isList, isText, plainText, Tuple, WrittenFloat, type Value } from '../python/values.js';

/** The options of transformers' filter `tojson`, which are those of Python's `json.dumps`. */
export interface JsonOptions {
  readonly ensuresAscii: Value;
  readonly indent: Value;
  readonly separators: Value;
  readonly sortsKeys: Value;
}

interface Style {
  readonly ensuresAscii: boolean;
  readonly sortsKeys: boolean;
  /** undefined writes one line. */
  readonly indent: string | undefined;
  readonly itemSeparator: string;
  readonly keySeparator: string;
}

export function jsonOf(value: Value, options: JsonOptions): string {
  const text = written(value, styleOf(options), '\n');
  spendText(text.length);
  return text;
}

function styleOf({ ensuresAscii, indent, separators, sortsKeys }: JsonOptions): Style {
  const width = integerOf(indent);
  const step = width === undefined ? undefined : ' '.repeat(Math.max(0, Math.min(Number(width), 1000)));
  const indentText = indent !== null && isText(indent) ? plainText(indent) : step;
  if (indent !== null && indentText === undefined)
    throw typeError(`can't multiply sequence by non-int of type '${typeName(indent)}'`);
  const pair = separators instanceof Tuple ? separators.items : isList(separators) ? separators : undefined;
  if (separators !== null && (pair?.length !== 2 || !pair.every(isText)))
    throw typeError('the separators of tojson must be two texts');
  const [item, key] = (pair ?? []) as readonly string[];
  return {
    ensuresAscii: isTrue(ensuresAscii),
    sortsKeys: isTrue(sortsKeys),
    indent: indentText,
    itemSeparator: item ?? (indentText === undefined ? ', ' : ','),
    keySeparator: key ?? ': ',
  };
}

/** @param lineBegin the line break and indentation of the value */
function written(value: Value, style: Style, lineBegin: string): string {
  spendStep();
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (isText(value)) return quotedJson(plainText(value), style);
  if (typeof value === 'bigint') return integerText(value);
  if (typeof value === 'number') return floatJson(value);
  if (value instanceof WrittenFloat) return value.digits;
  const inner = lineBegin + (style.indent ?? '');
  if (isList(value) || value instanceof Tuple) {
    const items = isList(value) ? value : value.items;
    return enclosed(
      '[]',
      items.map((item) => written(item, style, inner)),
      style,
      lineBegin,
    );
  }
  if (value instanceof Dict) {
    const fields = entriesOf(value, style).map(
      ([key, item]) => quotedJson(keyOf(key), style) + style.keySeparator + written(item, style, inner),
    );
    return enclosed('{}', fields, style, lineBegin);
  }
  throw typeError(`Object of type ${typeName(value)} is not JSON serializable`);
}

function enclosed(marks: string, parts: readonly string[], style: Style, lineBegin: string): string {
  const [open, close] = marks;
  if (parts.length === 0) return marks;
  if (style.indent === undefined) return open + parts.join(style.itemSeparator) + close;
  const inner = lineBegin + style.indent;
  return open + inner + parts.join(style.itemSeparator + inner) + lineBegin + close;
}

function entriesOf(dict: Dict, { sortsKeys }: Style): (readonly [Value, Value])[] {
  const entries = [...dict.entries()];
  if (!sortsKeys) return entries;
  return entries.toSorted(([a], [b]) => (isOrdered('<', a, b) ? -1 : isOrdered('<', b, a) ? 1 : 0));
}

function keyOf(key: Value): string {
  if (isText(key)) return plainText(key);
  if (key === null) return 'null';
  if (typeof key === 'boolean' || typeof key === 'bigint') return String(key);
  if (typeof key === 'number') return floatJson(key);
  if (key instanceof WrittenFloat) return key.digits;
  throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

function floatJson(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? floatText(value) : value > 0 ? 'Infinity' : '-Infinity';
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
};

function quotedJson(text: string, { ensuresAscii }: Style): string {
  const pattern = ensuresAscii ? /["\\]|[^ -~]/g : /["\\\p{Cc}]/gu;
  const escaped = text.replace(
    pattern,
    (unit) =>
      SHORT[unit] ??
      (ensuresAscii || unit < ' ' ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}` : unit),
  );
  return `"${escaped}"`;
}
