import { readFileSync } from 'node:fs';

/** What training holds in memory: base weights, trained values, optimizer state and gradient, the rest of the pass. */
export const MEMORY_PARTS = ['weights', 'adapter', 'optimizer', 'activations', 'logits'] as const;
export type MemoryPart = (typeof MEMORY_PARTS)[number];

/** Numbers and names of quantities, multiplied. */
export type Product = readonly (number | string)[];
/** Products, added. */
export type Sum = readonly Product[];
export type Formula = Sum | { readonly largest: readonly Sum[] } | { readonly smallest: readonly Sum[] };

/** The rules in `memory/rules.json`: data, so that every program that asks gets the same answer. */
export interface MemoryRules {
  /** By name; each may use those before it and the inputs. */
  readonly quantities: Readonly<Record<string, Formula>>;
  /** Bytes that are held all the time. */
  readonly parts: Readonly<Partial<Record<MemoryPart, Sum>>>;
  /** Bytes that are held at the moments that may be the peak. */
  readonly moments: Readonly<Record<string, Readonly<Partial<Record<MemoryPart, Sum>>>>>;
}

const file = new URL('../../memory/rules.json', import.meta.url);

export const MEMORY_RULES = JSON.parse(readFileSync(file, 'utf8')) as MemoryRules;
