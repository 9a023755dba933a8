import { UserError } from '../errors.js';
import type { RejectedRows } from './rejected-rows.js';
import { words } from '../words/index.js';

/** Why no row is left to train on: none is usable, or all of them are held back. */
export function nothingToTrain(
  rows: number,
  held: { readonly validation: number; readonly test: number },
  { first: [first] }: RejectedRows,
): UserError {
  const say = words().dataset;
  if (held.validation + held.test > 0) {
    const places = (['validation', 'test'] as const)
      .filter((split) => held[split] > 0)
      .map((split) => say.rowsTo(String(held[split]), split));
    return new UserError(say.allHeldBack(String(rows), places.join(say.and)));
  }
  return new UserError(
    first === undefined
      ? say.noneUsable(String(rows))
      : say.noneUsableFirst(String(rows), first.place, first.reason),
  );
}
