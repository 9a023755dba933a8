import { stringMethod, stripped, titleOf } from './string-methods.js';
import { areEqual, isList, itemsOf, listOf, textOf, valueOf, type Value } from './values.js';

type Tests = ReadonlyMap<string, (...values: never[]) => boolean>;

export interface FilterCall {
  readonly args: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
  /** Another filter, for `map`. */
  readonly apply: (item: Value, filter: string, args: readonly Value[]) => Value;
  readonly tests: Tests;
}

const TEXT_FILTERS: ReadonlySet<string> = new Set([
  'trim',
  'upper',
  'lower',
  'capitalize',
  'title',
  'replace',
  'indent',
]);

/** What jinja2's filter makes of the operand, where the library does otherwise or nothing; undefined = as the library does. */
export function appliedFilter(operand: Value, name: string, call: FilterCall): Value | undefined {
  const isText = operand.type === 'StringValue';
  if (TEXT_FILTERS.has(name) && !isText) return call.apply(valueOf(textOf(operand)), name, call.args);
  switch (name) {
    case 'title':
      return valueOf(titleOf(textOf(operand)));
    case 'string':
      return valueOf(textOf(operand));
    case 'count':
    case 'length':
      return lengthOf(operand);
    case 'list':
      return isText
        ? valueOf(Array.from(textOf(operand)))
        : isList(operand)
          ? listOf(itemsOf(operand))
          : listOrNothing(operand);
    case 'first':
    case 'last':
      if (!isText && !isList(operand)) return undefined;
      return sequenceOf(operand).at(name === 'first' ? 0 : -1) ?? valueOf(undefined);
    case 'reverse':
      return isText ? valueOf(Array.from(textOf(operand)).reverse().join('')) : undefined;
    case 'd':
      return call.apply(operand, 'default', call.args);
    case 'trim':
      return valueOf(stripped(textOf(operand), (call.args[0] ?? call.named.get('chars'))?.value, 'both'));
    case 'capitalize':
      return isText ? valueOf(stringMethod(textOf(operand), 'capitalize')?.()) : undefined;
    case 'join':
      return joined(operand, call);
    case 'unique':
      return isList(operand) ? listOf(uniqueOf(itemsOf(operand))) : undefined;
    case 'map':
      return mapped(operand, call);
    case 'select':
    case 'reject':
      return selected(operand, call, name === 'select');
    case 'sum':
      return isList(operand) && !call.named.has('attribute')
        ? valueOf(itemsOf(operand).reduce((sum, item) => sum + Number(item.value), 0))
        : undefined;
    case 'max':
    case 'min': {
      if (!isList(operand)) return undefined;
      const sorted = itemsOf(operand).toSorted((a, b) => Number(a.value) - Number(b.value));
      return sorted.at(name === 'min' ? 0 : -1) ?? valueOf(undefined);
    }
    default:
      return undefined;
  }
}

function sequenceOf(operand: Value): Value[] {
  if (operand.type === 'StringValue') return itemsOf(valueOf(Array.from(textOf(operand))));
  return isList(operand) ? itemsOf(operand) : [];
}

function listOrNothing(operand: Value): Value | undefined {
  return operand.type === 'UndefinedValue' ? valueOf([]) : undefined;
}

function lengthOf(operand: Value): Value | undefined {
  if (operand.type === 'UndefinedValue') return valueOf(0);
  return operand.type === 'StringValue' || isList(operand) ? valueOf(sequenceOf(operand).length) : undefined;
}

function joined(operand: Value, { args, named }: FilterCall): Value | undefined {
  if (named.has('attribute') || args.length > 1) return undefined;
  if (operand.type !== 'StringValue' && !isList(operand)) return undefined;
  const between = args[0] ?? named.get('d');
  return valueOf(
    sequenceOf(operand)
      .map(textOf)
      .join(between ? textOf(between) : ''),
  );
}

function uniqueOf(items: readonly Value[]): Value[] {
  return items.filter((item, at) => items.findIndex((other) => areEqual(item, other)) === at);
}

function mapped(operand: Value, { args, named, apply }: FilterCall): Value | undefined {
  const [filter, ...rest] = args;
  if (named.has('attribute') || filter === undefined) return undefined;
  return listOf(sequenceOf(operand).map((item) => apply(item, textOf(filter), rest)));
}

function selected(operand: Value, { args, tests }: FilterCall, wanted: boolean): Value {
  const [name, ...rest] = args;
  const test = name === undefined ? undefined : tests.get(textOf(name));
  if (name !== undefined && !test) throw new Error(`there is no test ${textOf(name)}`);
  return listOf(
    sequenceOf(operand).filter((item) => {
      const passes = test ? test(...([item, ...rest] as never[])) : item.__bool__().value;
      return passes === wanted;
    }),
  );
}
