import { spendItems, spendStep } from './budget.js';
import { charactersOf, lengthOfText } from './code-points.js';
import { Dict } from './dict.js';
import { isSame, viewItems } from './equality.js';
import { integerOf, numberOf } from './numbers.js';
import { typeError } from './template-error.js';
import { typeName } from './type-names.js';
import {
  DictView,
  isList,
  isText,
  Lazy,
  plainText,
  PythonObject,
  Range,
  Tuple,
  Undefined,
  type Value,
} from './values.js';

/** An object that gives items, as a loop. */
export abstract class IterableObject extends PythonObject {
  abstract iterate(): Iterator<Value>;
  abstract readonly size: number;
}

/** Python's `iter`; undefined when there is none. */
export function iteratorOf(value: Value): Iterator<Value> | undefined {
  if (value instanceof Lazy) return value.items;
  if (value instanceof IterableObject) return value.iterate();
  return fixedItems(value)?.values();
}

/** The items of a value that can be read again and again. */
function fixedItems(value: Value): readonly Value[] | undefined {
  if (isList(value)) return value;
  if (isText(value)) return charactersOf(plainText(value));
  if (value instanceof Tuple) return value.items;
  if (value instanceof Dict) return value.keys();
  if (value instanceof DictView) return viewItems(value);
  if (value instanceof Range) return Array.from({ length: value.length }, (_, at) => value.at(at));
  return value instanceof Undefined ? [] : undefined;
}

/** The items, one after the other, at the cost of a step each. @throws TemplateError when there are none */
export function* iterate(value: Value): Generator<Value> {
  const iterator = iteratorOf(value);
  if (!iterator) throw notIterable(value);
  for (let next = iterator.next(); !next.done; next = iterator.next()) {
    spendStep();
    yield next.value;
  }
}

export function itemsOf(value: Value): readonly Value[] {
  if (value instanceof Lazy || value instanceof IterableObject) return Array.from(iterate(value));
  const items = fixedItems(value);
  if (!items) throw notIterable(value);
  spendItems(items.length);
  return items;
}

export function notIterable(value: Value): Error {
  return typeError(`'${typeName(value)}' object is not iterable`);
}

/** Python's `len`; undefined when the value has none. */
export function sizeOf(value: Value): number | undefined {
  if (isText(value)) return lengthOfText(plainText(value));
  if (isList(value)) return value.length;
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Dict || value instanceof IterableObject) return value.size;
  if (value instanceof DictView) return value.dict.size;
  if (value instanceof Range) return value.length;
  return value instanceof Undefined ? 0 : undefined;
}

/** Python's `len`. */
export function lengthOf(value: Value): bigint {
  const size = sizeOf(value);
  if (size === undefined) throw typeError(`object of type '${typeName(value)}' has no len()`);
  return BigInt(size);
}

/** Python's `bool`. */
export function isTrue(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (value === null || value instanceof Undefined) return false;
  const number = numberOf(value);
  if (number !== undefined) return number != 0;
  return sizeOf(value) !== 0;
}

/** Python's `item in container`. */
export function contains(container: Value, item: Value): boolean {
  if (isText(container)) {
    if (!isText(item))
      throw typeError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    return plainText(container).includes(plainText(item));
  }
  if (container instanceof Dict) return container.has(item);
  if (container instanceof DictView && container.kind === 'dict_keys') return container.dict.has(item);
  if (container instanceof Range && integerOf(item) !== undefined) {
    const offset = integerOf(item)! - container.start;
    return offset % container.step === 0n && isInRange(offset / container.step, container.length);
  }
  if (!iteratorOf(container)) throw typeError(`argument of type '${typeName(container)}' is not iterable`);
  for (const other of iterate(container)) if (isSame(other, item)) return true;
  return false;
}

function isInRange(index: bigint, length: number): boolean {
  return index >= 0n && index < BigInt(length);
}
