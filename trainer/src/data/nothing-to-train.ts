import { UserError } from '../errors.js';
import type { RejectedRows } from './rejected-rows.js';

/** Why no row is left to train on: none is usable, or all of them are held back. */
export function nothingToTrain(
  rows: number,
  held: { readonly validation: number; readonly test: number },
  { first: [first] }: RejectedRows,
): UserError {
  if (held.validation + held.test > 0) {
    const places = (['validation', 'test'] as const)
      .filter((split) => held[split] > 0)
      .map((split) => `${held[split]} to ${split}`);
    return new UserError(
      `the data set has no row to train on: of ${rows} rows, dataset.split gives ${places.join(' and ')}; raise ` +
        'dataset.split.train (1 trains on all of them), or add rows.',
    );
  }
  const reason = first ? ` (the first one left out is ${first.place}: ${first.reason})` : '';
  return new UserError(`the data set has no usable row to train on among ${rows} rows${reason}.`);
}
