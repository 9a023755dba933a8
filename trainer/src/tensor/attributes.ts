import type * as tf from '@tensorflow/tfjs-core';

/** Typed reading of a kernel's attributes; a missing or odd one is a mismatch with the tfjs version, so it throws. */
export class Attributes {
  readonly #values: tf.NamedAttrMap;

  constructor(values: tf.NamedAttrMap = {}) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined && this.#values[name] !== null;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** Undefined when absent. */
  optionalNumber(name: string): number | undefined {
    return this.has(name) ? this.number(name) : undefined;
  }

  number(name: string): number {
    const value = this.#values[name];
    if (typeof value !== 'number') throw new TypeError(`attribute ${name} is not a number`);
    return value;
  }

  /** A list of numbers; a single number counts as a list of one. */
  numbers(name: string): number[] {
    const value = this.#values[name];
    if (typeof value === 'number') return [value];
    if (!Array.isArray(value)) throw new TypeError(`attribute ${name} is not a list`);
    return value.map(Number);
  }
}
