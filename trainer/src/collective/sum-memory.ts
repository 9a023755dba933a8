import { Bf16Memory, Bf16Sums } from './bf16-sums.js';
import { F32Sums } from './f32-sums.js';
import type { SharedWork } from './group.js';
import { VectorPool } from './partial-sums.js';
import { SumBuffers } from './sum-buffers.js';
import type { Numbers, SumFormat } from './sum-format.js';

/** Memory that the works of a group use one after the other. */
export class SumMemory {
  /** Gradients of units. */
  readonly vectors: VectorPool<Float32Array>;
  /** Complete sums. */
  readonly sums: SumBuffers<Float32Array>;
  readonly #halves = new Bf16Memory();
  readonly #relayed = new Map<SumFormat['dtype'], VectorPool<Numbers>>();

  constructor(allocate: (length: number) => Float32Array) {
    this.vectors = new VectorPool(allocate);
    this.sums = new SumBuffers(allocate);
  }

  formatOf({ rounding, step }: SharedWork): SumFormat {
    if (rounding === undefined) return new F32Sums(this.vectors);
    return new Bf16Sums(this.#halves, this.vectors, rounding.seed, step);
  }

  /** For what a member adds up for others. */
  relayed(format: SumFormat): VectorPool<Numbers> {
    const known = this.#relayed.get(format.dtype);
    const pool = known ?? new VectorPool<Numbers>((length) => format.allocate(length));
    this.#relayed.set(format.dtype, pool);
    return pool;
  }
}
