import { spendStep } from '../python/budget.js';
import type { FilterContext, Filters } from './filter-context.js';
import { boundArguments } from '../python/functions.js';
import { SELECT_FILTERS } from './select-filters.js';
import { SEQUENCE_FILTERS } from './sequence-filters.js';
import { TemplateError, typeError } from '../python/template-error.js';
import { TEXT_FILTERS } from './text-filters.js';
import { quoted, writtenForm } from '../python/text-of.js';
import { formatPercent } from '../python/format-percent.js';
import { textOf } from '../python/text-of.js';
import { VALUE_FILTERS } from './value-filters.js';
import { passesTest, TESTS } from './value-tests.js';
import { Dict } from '../python/dict.js';
import { isText, plainText, Tuple, Undefined, type Keywords, type Value } from '../python/values.js';

const FILTERS: Filters = { ...TEXT_FILTERS, ...SEQUENCE_FILTERS, ...VALUE_FILTERS };

export const FILTER_NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(FILTERS),
  ...Object.keys(SELECT_FILTERS),
  'format',
]);
export const TEST_NAMES: ReadonlySet<string> = new Set([...Object.keys(TESTS), 'filter', 'test']);

/** Applies a filter. @throws TemplateError when there is none of the name */
export function callFilter(name: string, value: Value, args: readonly Value[], keywords: Keywords): Value {
  spendStep();
  if (name === 'format') return formatFilter(value, args, keywords);
  const select = Object.hasOwn(SELECT_FILTERS, name) ? SELECT_FILTERS[name] : undefined;
  if (select) return select({ value, args, keywords, context: CONTEXT });
  const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (!filter) throw new TemplateError('TemplateRuntimeError', `No filter named ${quoted(name)} found.`);
  return filter.apply(value, ...boundArguments(name, filter.parameters, args, keywords));
}

export function callTest(name: string, value: Value, args: readonly Value[], keywords: Keywords): boolean {
  spendStep();
  if (!TEST_NAMES.has(name))
    throw new TemplateError('TemplateRuntimeError', `No test named ${quoted(name)} found.`);
  if (name === 'filter' || name === 'test') {
    const names = new Dict(
      Array.from(name === 'filter' ? FILTER_NAMES : TEST_NAMES, (known) => [known, true]),
    );
    return names.has(value);
  }
  return passesTest(name, value, args, keywords);
}

const CONTEXT: FilterContext = {
  filter: (name, value, args, keywords) =>
    callFilter(nameOf('filter', name, FILTER_NAMES), value, args, keywords),
  test: (name, value, args, keywords) => callTest(nameOf('test', name, TEST_NAMES), value, args, keywords),
};

function nameOf(kind: 'filter' | 'test', name: Value, names: ReadonlySet<string>): string {
  if (isText(name) && names.has(plainText(name))) return plainText(name);
  const hint = name instanceof Undefined ? ' (did you forget to quote the callable name?)' : '';
  throw new TemplateError('TemplateRuntimeError', `No ${kind} named ${writtenForm(name)}.${hint}`);
}

function formatFilter(value: Value, args: readonly Value[], keywords: Keywords): Value {
  if (args.length > 0 && keywords.size > 0)
    throw typeError("can't handle positional and keyword arguments at the same time");
  return formatPercent(textOf(value), keywords.size > 0 ? new Dict(keywords) : new Tuple(args));
}
