import type { Numbers } from './sum-format.js';

/**
 * Two vectors in turn: a peer may still be reading the last sum from one while the next is made in the other, and
 * nobody can need the last but one, because all have contributed to the last.
 */
export class SumBuffers<Vector extends Numbers> {
  #pair: Vector[] = [];

  constructor(private readonly allocate: (length: number) => Vector) {}

  /** Where the next sum goes. */
  next(length: number): Vector {
    if (length === 0) return this.allocate(0);
    if (this.#pair[0]?.length !== length) this.#pair = [this.allocate(length), this.allocate(length)];
    return this.#pair[0] ?? this.allocate(length);
  }

  /** `vector` holds a complete sum and is not written to for one more. */
  done(vector: Vector): void {
    if (vector === this.#pair[0]) this.#pair.reverse();
  }
}
