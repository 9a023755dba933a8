import { spendItems, spendText } from '../python/budget.js';
import { charactersOf } from '../python/code-points.js';
import { attributeOf, subscriptOf } from '../python/attributes.js';
import { Dict } from '../python/dict.js';
import { areEqual, isOrdered, isSame } from '../python/equality.js';
import { plain, type Filter, type Filters } from './filter-context.js';
import { integerOf } from '../python/numbers.js';
import { calculated, sumOf } from '../python/operators.js';
import { isTrue, iterate, itemsOf, iteratorOf, lengthOf } from '../python/sequences.js';
import { TemplateError, typeError, unsupported } from '../python/template-error.js';
import { isDecimal } from '../python/text-classes.js';
import { textOf } from '../python/text-of.js';
import { typeName } from '../python/type-names.js';
import { DictView, isList, isText, Lazy, plainText, Tuple, Undefined, type Value } from '../python/values.js';

const ATTRIBUTE = ['attribute', null] as const;
const CASE_SENSITIVE = ['case_sensitive', false] as const;

/** jinja2's filters of sequences and mappings. */
export const SEQUENCE_FILTERS: Filters = {
  length: plain(lengthOf),
  count: plain(lengthOf),
  list: plain((value) => [...itemsOf(value)]),
  first: plain((value) => {
    for (const item of iterate(value)) return item;
    return new Undefined(() => 'No first item, sequence was empty.');
  }),
  last: plain((value) => {
    for (const item of reversedItems(value)) return item;
    return new Undefined(() => 'No last item, sequence was empty.');
  }),
  reverse: plain((value) => {
    if (isText(value)) return charactersOf(plainText(value)).toReversed().join('');
    if (!iteratorOf(value)) throw new TemplateError('TypeError', 'argument must be iterable');
    if (value instanceof Lazy) return itemsOf(value).toReversed();
    const name = isList(value)
      ? 'list_reverseiterator'
      : value instanceof Tuple || value instanceof Undefined
        ? 'reversed'
        : `${typeName(value)}_reverseiterator`;
    return new Lazy(name, reversedItems(value).values());
  }),
  random: plain(() => {
    throw unsupported('the filter "random"');
  }),
  items: plain((value) => {
    if (value instanceof Undefined) return generator([].values());
    return generator(pairsOfMapping(value));
  }),
  join: {
    parameters: [['d', ''], ATTRIBUTE],
    apply: (value, separator, attribute) => {
      const read = attribute === null ? undefined : attributeReader(attribute);
      const texts = Array.from(iterate(value), (item) => textOf(read ? read(item) : item));
      const between = textOf(separator);
      spendText(texts.reduce((sum, text) => sum + text.length + between.length, 0));
      return texts.join(between);
    },
  },
  unique: {
    parameters: [CASE_SENSITIVE, ATTRIBUTE],
    apply: (value, caseSensitive, attribute) =>
      generator(uniqueItems(value, keyReader(attribute, caseSensitive))),
  },
  min: extreme('<'),
  max: extreme('>'),
  sum: {
    parameters: [ATTRIBUTE, ['start', 0n]],
    apply: (value, attribute, start) => {
      const read = attribute === null ? undefined : attributeReader(attribute);
      const items = read ? Array.from(iterate(value), read) : iterate(value);
      return sumOf(items, start);
    },
  },
  sort: {
    parameters: [['reverse', false], CASE_SENSITIVE, ATTRIBUTE],
    apply: (value, isReversed, caseSensitive, attribute) =>
      sorted(itemsOf(value), keysReader(attribute, caseSensitive), isTrue(isReversed)),
  },
  dictsort: {
    parameters: [CASE_SENSITIVE, ['by', 'key'], ['reverse', false]],
    apply: (value, caseSensitive, by, isReversed) => {
      const place = by === 'key' ? 0 : by === 'value' ? 1 : undefined;
      if (place === undefined)
        throw new TemplateError('TypeError', 'You can only sort by either "key" or "value"');
      const items = Array.from(iterate(callOf(value, 'items')));
      const key = (item: Value) => folded((item as Tuple).items[place]!, caseSensitive);
      return sorted(items, key, isTrue(isReversed));
    },
  },
  groupby: {
    parameters: ['attribute', ['default', null], CASE_SENSITIVE],
    apply: (value, attribute, fallback, caseSensitive) =>
      grouped(value, attributeReader(attribute, fallback), caseSensitive),
  },
  batch: {
    parameters: ['linecount', ['fill_with', null]],
    apply: (value, count, fill) => generator(batches(value, count, fill)),
  },
  slice: {
    parameters: ['slices', ['fill_with', null]],
    apply: (value, count, fill) => generator(slices(value, count, fill)),
  },
};

export function generator(items: Iterator<Value>): Lazy {
  return new Lazy('generator', items);
}

/** Python's `reversed`. */
function reversedItems(value: Value): readonly Value[] {
  if (value instanceof Lazy || (!isText(value) && !iteratorOf(value)))
    throw typeError(`'${typeName(value)}' object is not reversible`);
  return itemsOf(value).toReversed();
}

function* pairsOfMapping(value: Value): Generator<Value> {
  if (!(value instanceof Dict)) throw typeError('Can only get item pairs from a mapping.');
  for (const entry of value.entries()) yield new Tuple(entry);
}

function callOf(value: Value, method: 'items'): Value {
  if (value instanceof Dict) return new DictView(value, 'dict_items');
  const found = attributeOf(value, method);
  if (found instanceof Undefined) return found.fail();
  throw typeError(`'${typeName(found)}' object is not callable`);
}

type Reader = (item: Value) => Value;

/** Reads an attribute by its dotted name. */
export function attributeReader(attribute: Value, fallback: Value = null): Reader {
  const parts: readonly Value[] = isText(attribute)
    ? plainText(attribute)
        .split('.')
        .map((part) => (isDecimal(part) ? BigInt(part) : part))
    : attribute === null
      ? []
      : [attribute];
  return (item) => {
    let value = item;
    for (const part of parts) {
      value = subscriptOf(value, part);
      if (fallback !== null && value instanceof Undefined) value = fallback;
    }
    return value;
  };
}

function folded(value: Value, caseSensitive: Value): Value {
  if (isTrue(caseSensitive) || !isText(value)) return value;
  return plainText(value).toLowerCase();
}

function keyReader(attribute: Value, caseSensitive: Value): Reader {
  const read = attributeReader(attribute);
  return (item) => folded(read(item), caseSensitive);
}

/** Several attributes with commas between them. */
function keysReader(attribute: Value, caseSensitive: Value): Reader {
  const names: readonly Value[] = isText(attribute) ? plainText(attribute).split(',') : [attribute];
  const readers = names.map((name) => keyReader(name, caseSensitive));
  return (item) => readers.map((read) => read(item));
}

function sorted(items: readonly Value[], key: Reader, isReversed: boolean): Value[] {
  const keyed = items.map((item) => [key(item), item] as const);
  const isBefore = (a: Value, b: Value) => isOrdered('<', isReversed ? b : a, isReversed ? a : b);
  return keyed.toSorted(([a], [b]) => (isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0)).map(([, item]) => item);
}

function* uniqueItems(value: Value, key: Reader): Generator<Value> {
  const seen = new Dict();
  for (const item of iterate(value)) {
    const itemKey = key(item);
    if (seen.has(itemKey)) continue;
    seen.set(itemKey, true);
    yield item;
  }
}

function extreme(operator: '<' | '>'): Filter {
  return {
    parameters: [CASE_SENSITIVE, ATTRIBUTE],
    apply: (value, caseSensitive, attribute) => {
      const key = keyReader(attribute, caseSensitive);
      let best: { readonly item: Value; readonly key: Value } | undefined;
      for (const item of iterate(value)) {
        const next = { item, key: key(item) };
        if (!best || isOrdered(operator, next.key, best.key)) best = next;
      }
      return best ? best.item : new Undefined(() => 'No aggregated item, sequence was empty.');
    },
  };
}

function grouped(value: Value, read: Reader, caseSensitive: Value): Value {
  const key: Reader = (item) => folded(read(item), caseSensitive);
  const groups: { readonly key: Value; readonly items: Value[] }[] = [];
  for (const item of sorted(itemsOf(value), key, false)) {
    const itemKey = key(item);
    const last = groups.at(-1);
    if (last && isSame(last.key, itemKey)) last.items.push(item);
    else groups.push({ key: itemKey, items: [item] });
  }
  return groups.map(
    (group) =>
      new Tuple(
        [isTrue(caseSensitive) ? group.key : read(group.items[0]!), group.items],
        ['grouper', 'list'],
      ),
  );
}

function* batches(value: Value, count: Value, fill: Value): Generator<Value> {
  let batch: Value[] = [];
  for (const item of iterate(value)) {
    if (areEqual(BigInt(batch.length), count)) {
      yield batch;
      batch = [];
    }
    batch.push(item);
  }
  if (batch.length === 0) return;
  if (fill !== null && isOrdered('<', BigInt(batch.length), count)) {
    const missing = Number(integerOf(calculated('-', count, BigInt(batch.length))) ?? 0n);
    spendItems(missing);
    batch.push(...Array.from({ length: missing }, () => fill));
  }
  yield batch;
}

function* slices(value: Value, count: Value, fill: Value): Generator<Value> {
  const items = itemsOf(value);
  const slicesWanted = integerOf(count);
  if (slicesWanted === undefined)
    throw typeError(`'${typeName(count)}' object cannot be interpreted as an integer`);
  const each = Number(calculated('//', BigInt(items.length), slicesWanted));
  const longer = Number(calculated('%', BigInt(items.length), slicesWanted));
  let offset = 0;
  for (let at = 0; at < Number(slicesWanted); at++) {
    spendItems(1);
    const start = offset + at * each;
    if (at < longer) offset++;
    const slice = items.slice(start, offset + (at + 1) * each);
    if (fill !== null && at >= longer) slice.push(fill);
    yield slice;
  }
}
