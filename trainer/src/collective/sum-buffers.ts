/**
 * Two vectors in turn: a peer may still be reading the last sum from one while the next is made in the other, and
 * nobody can need the last but one, because all have contributed to the last.
 */
export class SumBuffers {
  #pair: Float32Array[] = [];

  constructor(private readonly allocate: (length: number) => Float32Array) {}

  /** Where the next sum goes. */
  next(length: number): Float32Array {
    if (length === 0) return new Float32Array(0);
    if (this.#pair[0]?.length !== length) this.#pair = [this.allocate(length), this.allocate(length)];
    return this.#pair[0] ?? this.allocate(length);
  }

  /** `vector` holds a complete sum and is not written to for one more. */
  done(vector: Float32Array): void {
    if (vector === this.#pair[0]) this.#pair.reverse();
  }
}
