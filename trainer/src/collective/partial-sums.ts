import { inSlices } from '../support/index.js';
import type { Scalars } from './group.js';
import type { Numbers, SumFormat } from './sum-format.js';
import { childrenOf, coverUnits, parentOf, sameBlock, type Block } from './tree.js';

export interface PartialSum {
  readonly block: Block;
  readonly vector: Numbers;
  readonly scalars: Scalars;
}

/** The sums that one member holds of one work: always the fewest blocks, so about log2(units) vectors. */
export class PartialSums {
  readonly #sums = new Map<number, PartialSum>();

  constructor(
    readonly count: number,
    readonly vectorLength: number,
    private readonly pool: VectorPool<Float32Array>,
    private readonly format: SumFormat,
  ) {}

  /** A vector to compute a unit into; goes back with {@link add} or {@link release}. */
  borrow(): Float32Array {
    return this.pool.take(this.vectorLength);
  }

  release(vector: Float32Array): void {
    this.pool.give(vector);
  }

  /** Takes over `vector`, the gradient of one unit. Nothing else may be done to these sums until it is added. */
  async add(unit: number, vector: Float32Array, scalars: Scalars): Promise<void> {
    let sum: PartialSum = {
      block: { start: unit, size: 1 },
      vector: await this.format.leaf(unit, vector),
      scalars,
    };
    for (;;) {
      const parent = parentOf(sum.block, this.count);
      if (parent === undefined) break;
      const [left, right] = childrenOf(parent);
      const isLeft = sameBlock(left, sum.block);
      const sibling = this.#sums.get((isLeft ? right : left).start);
      if (sibling === undefined || !sameBlock(sibling.block, isLeft ? right : left)) break;
      this.#sums.delete(sibling.block.start);
      const [first, second] = isLeft ? [sum, sibling] : [sibling, sum];
      await inSlices(first.vector.length, first.vector.BYTES_PER_ELEMENT, (start, end) => {
        const target = first.vector.subarray(start, end);
        this.format.add(parent, start, target, target, second.vector.subarray(start, end));
      });
      this.format.release(second.vector);
      sum = { block: parent, vector: first.vector, scalars: addScalars(first.scalars, second.scalars) };
    }
    this.#sums.set(sum.block.start, sum);
  }

  /** What is held, ascending. */
  blocks(): Block[] {
    return [...this.#sums.values()].map(({ block }) => block).sort((left, right) => left.start - right.start);
  }

  holds(unit: number): boolean {
    return [...this.#sums.values()].some(
      ({ block }) => unit >= block.start && unit < block.start + block.size,
    );
  }

  get(block: Block): PartialSum | undefined {
    const sum = this.#sums.get(block.start);
    return sameBlock(sum?.block, block) ? sum : undefined;
  }

  /** Drops every sum that is not wholly within `units`. */
  retain(units: ReadonlySet<number>): void {
    const kept = coverUnits(units, this.count);
    for (const [start, { block, vector }] of this.#sums) {
      const within = kept.some(
        (cover) => block.start >= cover.start && block.start + block.size <= cover.start + cover.size,
      );
      if (within) continue;
      this.#sums.delete(start);
      this.format.release(vector);
    }
  }

  /** Gives all vectors back. */
  clear(): void {
    for (const { vector } of this.#sums.values()) this.format.release(vector);
    this.#sums.clear();
  }
}

export function addScalars(left: Scalars, right: Scalars): Scalars {
  return {
    lossSum: left.lossSum + right.lossSum,
    trainedTokens: left.trainedTokens + right.trainedTokens,
  };
}

/** Vectors for reuse, so that a step allocates nothing. */
export class VectorPool<Vector extends Numbers> {
  readonly #free: Vector[] = [];
  readonly #given = new Set<Vector>();

  constructor(private readonly allocate: (length: number) => Vector) {}

  take(length: number): Vector {
    // The newest one is the likeliest to be in the cache still.
    const at = this.#free.findLastIndex((vector) => vector.length === length);
    const [vector] = at < 0 ? [] : this.#free.splice(at, 1);
    if (vector !== undefined) this.#given.delete(vector);
    return vector ?? this.allocate(length);
  }

  give(vector: Vector): void {
    if (this.#given.has(vector)) return;
    // Another length means another kind of work: what is left of the former is of no use.
    if (this.#free[0] !== undefined && this.#free[0].length !== vector.length && vector.length > 0) {
      this.#free.length = 0;
      this.#given.clear();
    }
    this.#given.add(vector);
    this.#free.push(vector);
  }
}
