import { integerOf } from './numbers.js';
import type { Parameter } from './functions.js';
import { typeError } from './template-error.js';
import { typeName } from './type-names.js';
import { isText, plainText, type Value } from './values.js';

/** A method of Python's `str`. */
export interface StringMethod {
  readonly parameters: readonly Parameter[];
  readonly call: (text: string, ...args: readonly Value[]) => Value;
  /** Whether a safe text gives a safe one: no argument would have to be escaped. */
  readonly keepsMarkup?: true;
}

/** An argument that must be a text. */
export function argument(value: Value | undefined, method: string, place?: number): string {
  if (value !== undefined && isText(value)) return plainText(value);
  const where = place === undefined ? 'argument' : `argument ${place}`;
  throw typeError(`${method}() ${where} must be str, not ${typeName(value ?? null)}`);
}

/** An argument that must be an integer. */
export function integer(value: Value): number {
  const given = integerOf(value);
  if (given === undefined) throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
  return Number(given);
}
