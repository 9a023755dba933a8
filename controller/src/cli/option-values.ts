import { InvalidArgumentError } from 'commander';

/** A command line's value as a whole number from 1. @throws InvalidArgumentError */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('must be a positive integer');
  return value;
}

/** As a whole number from 0. @throws InvalidArgumentError */
export function nonNegativeInteger(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError('must be an integer of at least 0');
  return value;
}

/** As a number from 0. @throws InvalidArgumentError */
export function nonNegative(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('must be a number of at least 0');
  return value;
}

/** As a number above 0 and at most 1. @throws InvalidArgumentError */
export function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('must be above 0 and at most 1');
  return value;
}
