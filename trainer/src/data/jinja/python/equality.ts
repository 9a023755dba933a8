import { spendStep } from './budget.js';
import { Dict } from './dict.js';
import { numberOf } from './numbers.js';
import { typeError } from './template-error.js';
import { typeName } from './type-names.js';
import { DictView, isList, isText, plainText, Range, Tuple, Undefined, type Value } from './values.js';

/** Python's `==`. */
export function areEqual(a: Value, b: Value): boolean {
  spendStep();
  if (isText(a) || isText(b)) return isText(a) && isText(b) && plainText(a) === plainText(b);
  const [left, right] = [numberOf(a), numberOf(b)];
  if (left !== undefined || right !== undefined)
    // JavaScript compares a bigint and a number exactly by `==` alone.
    return (
      left !== undefined && right !== undefined && !(left < right) && !(left > right) && !hasNan(left, right)
    );
  if (isList(a) || isList(b)) return isList(a) && isList(b) && haveEqualItems(a, b);
  if (a instanceof Tuple) return b instanceof Tuple && haveEqualItems(a.items, b.items);
  if (a instanceof Dict) return b instanceof Dict && areEqualDicts(a, b);
  if (a instanceof Undefined) return b instanceof Undefined;
  if (a instanceof Range) return b instanceof Range && areEqualRanges(a, b);
  if (a instanceof DictView && b instanceof DictView && a.kind !== 'dict_values' && b.kind !== 'dict_values')
    return haveEqualElements(viewItems(a), viewItems(b));
  return a === b;
}

function hasNan(...values: readonly (bigint | number)[]): boolean {
  return values.some((value) => typeof value === 'number' && Number.isNaN(value));
}

function haveEqualItems(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item, at) => isSame(item, b[at]!));
}

/** Whether two items of a container are the same object or equal. */
export function isSame(a: Value, b: Value): boolean {
  return a === b || areEqual(a, b);
}

function areEqualDicts(a: Dict, b: Dict): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a.entries()) {
    const other = b.get(key);
    if (other === undefined || !isSame(value, other)) return false;
  }
  return true;
}

function areEqualRanges(a: Range, b: Range): boolean {
  if (a.length !== b.length) return false;
  return a.length === 0 || (a.start === b.start && (a.length === 1 || a.step === b.step));
}

/** Views of keys and items are compared as sets. */
function haveEqualElements(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item) => b.some((other) => isSame(item, other)));
}

/** The items of a view. */
export function viewItems({ dict, kind }: DictView): Value[] {
  if (kind === 'dict_keys') return dict.keys();
  return kind === 'dict_values' ? dict.values() : Array.from(dict.entries(), (entry) => new Tuple(entry));
}

export type Comparison = '<' | '<=' | '>' | '>=';

/** Python's order. @throws TemplateError when the types have none */
export function isOrdered(operator: Comparison, a: Value, b: Value): boolean {
  spendStep();
  const [left, right] = [numberOf(a), numberOf(b)];
  if (left !== undefined && right !== undefined) return compare(operator, left, right);
  if (isText(a) && isText(b)) return compare(operator, textOrder(plainText(a), plainText(b)), 0);
  const pair = sequencesOf(a, b);
  if (pair) {
    const [items, others] = pair;
    const at = items.findIndex((item, index) => index >= others.length || !isSame(item, others[index]!));
    if (at < 0 || at >= others.length) return compare(operator, items.length, others.length);
    return isOrdered(operator, items[at]!, others[at]!);
  }
  for (const side of [a, b]) if (side instanceof Undefined) side.fail();
  throw typeError(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

function sequencesOf(a: Value, b: Value): [readonly Value[], readonly Value[]] | undefined {
  if (isList(a) && isList(b)) return [a, b];
  return a instanceof Tuple && b instanceof Tuple ? [a.items, b.items] : undefined;
}

function compare(operator: Comparison, a: bigint | number, b: bigint | number): boolean {
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    default:
      return a >= b;
  }
}

/** Order by code points; JavaScript's is by UTF-16 units. */
function textOrder(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === length) return a.length - b.length;
  return rank(a.charCodeAt(at)) - rank(b.charCodeAt(at));
}

/** Surrogates stand for the characters behind all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
