import type { Example } from '../data/index.js';
import type { Comparison } from './comparison.js';

/** Most held-out rows that are compared. */
const MOST_ROWS = 200;

/** A row that base and tuned model are compared on. */
export interface HeldOutRow {
  /** `file:line`. */
  readonly place: string;
  readonly question: string;
  /** '' for running text, which has no answer. */
  readonly reference: string;
  /** Tokens of the reference. */
  readonly referenceTokens: number;
}

export interface HeldOutRows {
  readonly split: Comparison['split'];
  /** Rows of the split. */
  readonly total: number;
  /** Those that are compared, at even distances. */
  readonly rows: readonly HeldOutRow[];
}

/** The rows of the test split, or of the validation split where there is none. */
export function chooseHeldOut(split: {
  readonly test: readonly Example[];
  readonly validation: readonly Example[];
}): { readonly split: Comparison['split']; readonly total: number; readonly examples: readonly Example[] } {
  const name = split.test.length > 0 ? 'test' : split.validation.length > 0 ? 'validation' : 'none';
  const all = name === 'test' ? split.test : split.validation;
  return { split: name, total: all.length, examples: spread(all, MOST_ROWS) };
}

/** At most so many, at even distances. */
export function spread<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, index) => all[Math.floor((index * all.length) / most)]!);
}
