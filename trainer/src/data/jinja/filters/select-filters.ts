import type { FilterContext } from './filter-context.js';
import { attributeReader, generator } from './sequence-filters.js';
import { isTrue, iterate } from '../python/sequences.js';
import { TemplateError } from '../python/template-error.js';
import { quoted } from '../python/text-of.js';
import type { Keywords, Value } from '../python/values.js';

interface Call {
  readonly value: Value;
  readonly args: readonly Value[];
  readonly keywords: Keywords;
  readonly context: FilterContext;
}

/** jinja2's filters that apply other filters and tests. They read no item before the template asks for it. */
export const SELECT_FILTERS: Readonly<Record<string, (call: Call) => Value>> = {
  map: (call) => generator(mapped(call)),
  select: (call) => generator(selected(call, { isWanted: true, readsAttribute: false })),
  reject: (call) => generator(selected(call, { isWanted: false, readsAttribute: false })),
  selectattr: (call) => generator(selected(call, { isWanted: true, readsAttribute: true })),
  rejectattr: (call) => generator(selected(call, { isWanted: false, readsAttribute: true })),
};

function* mapped(call: Call): Generator<Value> {
  if (!isTrue(call.value)) return;
  const change = mapping(call);
  for (const item of iterate(call.value)) yield change(item);
}

function mapping({ args, keywords, context }: Call): (item: Value) => Value {
  const attribute = keywords.get('attribute');
  if (args.length === 0 && attribute !== undefined) {
    const extra = [...keywords.keys()].find((name) => name !== 'attribute' && name !== 'default');
    if (extra !== undefined)
      throw new TemplateError('TypeError', `Unexpected keyword argument ${quoted(extra)}`);
    return attributeReader(attribute, keywords.get('default'));
  }
  const [name, ...rest] = args;
  if (name === undefined) throw new TemplateError('TypeError', 'map requires a filter argument');
  return (item) => context.filter(name, item, rest, keywords);
}

interface Selection {
  readonly isWanted: boolean;
  readonly readsAttribute: boolean;
}

function* selected(call: Call, { isWanted, readsAttribute }: Selection): Generator<Value> {
  const { value, args, keywords, context } = call;
  if (!isTrue(value)) return;
  const [attribute] = args;
  if (readsAttribute && attribute === undefined)
    throw new TemplateError('TypeError', 'Missing parameter for attribute name');
  const read = readsAttribute ? attributeReader(attribute!) : (item: Value) => item;
  const [test, ...rest] = readsAttribute ? args.slice(1) : args;
  for (const item of iterate(value)) {
    const tested = read(item);
    const passes = test === undefined ? isTrue(tested) : context.test(test, tested, rest, keywords);
    if (passes === isWanted) yield item;
  }
}
