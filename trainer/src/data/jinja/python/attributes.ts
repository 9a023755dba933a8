import { Dict } from './dict.js';
import { isSame } from './equality.js';
import { formatText, type FieldAccess } from './format-text.js';
import { PythonFunction } from './functions.js';
import { isFloat, numberOf } from './numbers.js';
import { itemsOf } from './sequences.js';
import { STRING_METHODS } from './string-methods.js';
import { itemAt } from './subscripts.js';
import { typeError, unsupported, valueError } from './template-error.js';
import { quoted, textOf, writtenForm } from './text-of.js';
import { objectName, typeName } from './type-names.js';
import {
  DictView,
  isList,
  isText,
  Markup,
  Namespace,
  plainText,
  PythonObject,
  Range,
  Tuple,
  Undefined,
  type Value,
} from './values.js';

/** jinja2's `value.name`: an attribute of Python, else an item. */
export function attributeOf(value: Value, name: string): Value {
  const found = attribute(value, name);
  if (found !== undefined) return found;
  const item = itemAt(value, name);
  return item === undefined ? missing(value, name) : item;
}

/** jinja2's `value[key]`: an item, else an attribute of Python. */
export function subscriptOf(value: Value, key: Value): Value {
  const item = itemAt(value, key);
  if (item !== undefined) return item;
  const found = isText(key) ? attribute(value, plainText(key)) : undefined;
  return found === undefined ? missing(value, key) : found;
}

function missing(value: Value, key: Value): Undefined {
  return new Undefined(() =>
    isText(key)
      ? `${quoted(objectName(value))} has no attribute ${writtenForm(key)}`
      : `${objectName(value)} has no element ${writtenForm(key)}`,
  );
}

/** The sandbox of transformers hides what is private and what changes a value. */
function unsafe(value: Value, name: string): Undefined {
  const message = `access to attribute ${quoted(name)} of ${quoted(typeName(value))} object is unsafe.`;
  return new Undefined(() => message, 'SecurityError');
}

const LIST_CHANGES = ['append', 'clear', 'pop', 'reverse', 'insert', 'sort', 'extend', 'remove'];
const DICT_CHANGES = ['clear', 'pop', 'popitem', 'setdefault', 'update'];
/** Methods of a text whose arguments have names. */
const NAMED = ['split', 'rsplit', 'splitlines', 'expandtabs'];
const STRING_REST = ['encode', 'maketrans', 'translate'];
const NUMBER_REST = 'to_bytes from_bytes as_integer_ratio conjugate bit_count hex fromhex'.split(' ');

/** The attribute of Python's object; undefined when there is none. */
function attribute(value: Value, name: string): Value | undefined {
  if (value instanceof Undefined) return value.fail();
  if (name.startsWith('__')) return isSpecial(name) ? unsafe(value, name) : undefined;
  if (isText(value)) return textAttribute(value, name);
  if (isList(value)) {
    if (LIST_CHANGES.includes(name)) return unsafe(value, name);
    return name === 'copy' ? PythonFunction.method('copy', [], () => value) : sequenceAttribute(value, name);
  }
  if (value instanceof Dict)
    return DICT_CHANGES.includes(name) ? unsafe(value, name) : dictAttribute(value, name);
  if (value instanceof Tuple) {
    const field = value.fields.indexOf(name);
    return field < 0 ? sequenceAttribute(value.items, name) : value.items[field];
  }
  if (value instanceof Range) {
    if (name === 'start' || name === 'stop' || name === 'step') return value[name];
    return name === 'count' || name === 'index' ? sequenceAttribute(itemsOf(value), name) : undefined;
  }
  if (value instanceof Namespace) {
    const item = value.attributes.get(name);
    return item !== undefined && name.startsWith('_') ? unsafe(value, name) : item;
  }
  if (value instanceof PythonObject) return value.attribute(name);
  if (value instanceof DictView) {
    if (name === 'mapping' || (name === 'isdisjoint' && value.kind !== 'dict_values'))
      throw unsupported(`"${name}" of a ${value.kind}`);
    return undefined;
  }
  return numberOf(value) === undefined ? undefined : numberAttribute(value, name);
}

/** The names that every object has. */
function isSpecial(name: string): boolean {
  return /^__(?:class|dict|doc|init|new|eq|ne|lt|le|gt|ge|hash|str|repr|len|iter|getattribute|setattr|delattr|dir|format|module|mro|reduce|reduce_ex|sizeof|subclasshook|init_subclass|contains|getitem|add|mul|call|name|globals|code)__$/.test(
    name,
  );
}

function textAttribute(value: string | Markup, name: string): Value | undefined {
  const text = plainText(value);
  if (name === 'format' || name === 'format_map') {
    if (value instanceof Markup) throw unsupported(`"${name}" of a safe text`);
    return name === 'format' ? formatMethod(text) : formatMapMethod(text);
  }
  if (STRING_REST.includes(name)) throw unsupported(`the method "${name}" of a text`);
  const method = Object.hasOwn(STRING_METHODS, name) ? STRING_METHODS[name] : undefined;
  if (!method) {
    if (value instanceof Markup && ['unescape', 'striptags', 'escape'].includes(name))
      throw unsupported(`the method "${name}" of a safe text`);
    return undefined;
  }
  const body = (...args: readonly Value[]): Value => {
    const result = method.call(text, ...args);
    if (!(value instanceof Markup) || typeof result === 'boolean' || typeof result === 'bigint')
      return result;
    if (!method.keepsMarkup) throw unsupported(`the method "${name}" of a safe text`);
    return new Markup(result as string);
  };
  return NAMED.includes(name)
    ? PythonFunction.of(name, method.parameters, body)
    : PythonFunction.method(name, method.parameters, body);
}

const ACCESS: FieldAccess = { attribute: attributeOf, item: subscriptOf };

function formatMethod(text: string): Value {
  return new PythonFunction('format', (args, keywords) =>
    formatText(text, { args, keywords, access: ACCESS }),
  );
}

function formatMapMethod(text: string): Value {
  return PythonFunction.method('format_map', ['mapping'], (mapping) => {
    if (!(mapping instanceof Dict)) throw unsupported('format_map without a dict');
    const keywords = new Map(Array.from(mapping.entries(), ([key, item]) => [textOf(key), item] as const));
    return formatText(text, { args: [], keywords, access: ACCESS });
  });
}

function sequenceAttribute(items: readonly Value[], name: string): Value | undefined {
  if (name === 'count')
    return PythonFunction.method('count', ['value'], (wanted) =>
      BigInt(items.filter((item) => isSame(item, wanted)).length),
    );
  if (name !== 'index') return undefined;
  const parameters = ['value', ['start', 0n], ['stop', BigInt(Number.MAX_SAFE_INTEGER)]] as const;
  return PythonFunction.method('index', parameters, (wanted, start, stop) => {
    const bound = (given: Value) => {
      const place = Number(numberOf(given));
      return place < 0 ? Math.max(0, place + items.length) : place;
    };
    const [from, to] = [bound(start), bound(stop)];
    const at = items.findIndex((item, place) => place >= from && place < to && isSame(item, wanted));
    if (at < 0) throw valueError(`${writtenForm(wanted)} is not in list`);
    return BigInt(at);
  });
}

function dictAttribute(dict: Dict, name: string): Value | undefined {
  switch (name) {
    case 'items':
    case 'keys':
    case 'values':
      return PythonFunction.method(name, [], () => new DictView(dict, `dict_${name}`));
    case 'get':
      return new PythonFunction('get', (args, keywords) => {
        if (keywords.size > 0) throw typeError('dict.get() takes no keyword arguments');
        if (args.length < 1) throw typeError('get expected at least 1 argument, got 0');
        if (args.length > 2) throw typeError(`get expected at most 2 arguments, got ${args.length}`);
        const item = dict.get(args[0]!);
        return item === undefined ? (args[1] ?? null) : item;
      });
    case 'copy':
      return PythonFunction.method(name, [], () => dict);
    case 'fromkeys':
      return PythonFunction.method(
        name,
        ['iterable', ['value', null]],
        (keys, value) => new Dict(itemsOf(keys).map((key) => [key, value!])),
      );
    default:
      return undefined;
  }
}

function numberAttribute(value: Value, name: string): Value | undefined {
  const number = numberOf(value)!;
  const isInteger = typeof number === 'bigint';
  switch (name) {
    case 'real':
      return number;
    case 'imag':
      return isInteger ? 0n : 0;
    case 'numerator':
      return isInteger ? number : undefined;
    case 'denominator':
      return isInteger ? 1n : undefined;
    case 'bit_length':
      if (!isInteger) return undefined;
      return PythonFunction.method(name, [], () =>
        BigInt(number === 0n ? 0 : (number < 0n ? -number : number).toString(2).length),
      );
    case 'is_integer':
      return isFloat(value)
        ? PythonFunction.method(name, [], () => Number.isInteger(Number(number)))
        : undefined;
    default:
      if (NUMBER_REST.includes(name)) throw unsupported(`"${name}" of a number`);
      return undefined;
  }
}
