import type { Parameter } from '../python/functions.js';
import type { Keywords, Value } from '../python/values.js';

/** What a filter needs of the others. */
export interface FilterContext {
  filter(name: Value, value: Value, args: readonly Value[], keywords: Keywords): Value;
  test(name: Value, value: Value, args: readonly Value[], keywords: Keywords): boolean;
}

/** A filter with named parameters. */
export interface Filter {
  readonly parameters: readonly Parameter[];
  readonly apply: (value: Value, ...args: readonly Value[]) => Value;
}

export type Filters = Readonly<Record<string, Filter>>;

/** A filter without parameters. */
export function plain(apply: (value: Value) => Value): Filter {
  return { parameters: [], apply };
}
