import { Environment } from '@huggingface/jinja';

/** A value of the interpreter, by the name of its class. */
export interface Value {
  readonly type: string;
  readonly value: unknown;
  toString(): string;
  __bool__(): { readonly value: boolean };
}

/** The interpreter's value of a JavaScript one. */
export function valueOf(value: unknown): Value {
  return new Environment().set('_', value);
}

/** A list of the interpreter's values. */
export function listOf(items: readonly Value[]): Value {
  const list = valueOf([]);
  itemsOf(list).push(...items);
  return list;
}

export function isList(value: Value): boolean {
  return value.type === 'ArrayValue' || value.type === 'TupleValue';
}

export function itemsOf(value: Value): Value[] {
  return value.value as Value[];
}

export function entriesOf(value: Value): Map<string, Value> {
  return value.value as Map<string, Value>;
}

export function isNumber({ type }: Value): boolean {
  return type === 'IntegerValue' || type === 'FloatValue' || type === 'BooleanValue';
}

/** Python's `str`. */
export function textOf(value: Value): string {
  if (value.type === 'StringValue') return value.value as string;
  return value.type === 'UndefinedValue' ? '' : writtenForm(value);
}

/** Python's `repr`. */
function writtenForm(value: Value): string {
  switch (value.type) {
    case 'NullValue':
      return 'None';
    case 'UndefinedValue':
      return 'Undefined';
    case 'BooleanValue':
      return value.value ? 'True' : 'False';
    case 'StringValue':
      return quoted(value.value as string);
    case 'ArrayValue':
      return `[${itemsOf(value).map(writtenForm).join(', ')}]`;
    case 'TupleValue': {
      const items = itemsOf(value).map(writtenForm);
      return items.length === 1 ? `(${items[0]},)` : `(${items.join(', ')})`;
    }
    case 'ObjectValue':
      return `{${[...entriesOf(value)].map(([key, field]) => `${quoted(key)}: ${writtenForm(field)}`).join(', ')}}`;
    default:
      return value.toString();
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(
    /[\p{Cc}\\]/gu,
    (character) => ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}

/** Python's `==`. */
export function areEqual(a: Value, b: Value): boolean {
  if (isNumber(a) && isNumber(b)) return Number(a.value) === Number(b.value);
  if (a.type !== b.type) return false;
  if (isList(a)) {
    const [left, right] = [itemsOf(a), itemsOf(b)];
    return left.length === right.length && left.every((item, at) => areEqual(item, right[at]!));
  }
  if (a.type === 'ObjectValue') {
    const [left, right] = [entriesOf(a), entriesOf(b)];
    return (
      left.size === right.size &&
      [...left].every(([key, item]) => {
        const other = right.get(key);
        return other !== undefined && areEqual(item, other);
      })
    );
  }
  return a.value === b.value;
}
