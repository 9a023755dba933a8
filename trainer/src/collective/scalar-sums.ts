import { FrameError } from '../errors.js';
import type { Deal } from './deal.js';
import type { Scalars } from './group.js';
import { addScalars, type PartialSum } from './partial-sums.js';
import { sumInOrder, type Part } from './tree.js';

/** Bytes of the scalars of one block. */
const BLOCK_BYTES = 16;

/** Scalars of a member's blocks, as it sends them. */
export const scalarsOf = (sums: readonly PartialSum[]): Float64Array<ArrayBuffer> =>
  new Float64Array(sums.flatMap(({ scalars }) => [scalars.lossSum, scalars.trainedTokens]));

/** The numbers beside the vectors of one all-reduce: every member tells everybody those of its blocks, once. */
export class ScalarSums {
  /** All members' flags, or-ed. */
  flags = 0;
  readonly #parts: Part<Scalars>[] = [];
  readonly #from = new Set<number>();

  constructor(
    private readonly count: number,
    private readonly size: number,
    private readonly deal: Deal,
  ) {}

  /** Throws a FrameError when they are not of the blocks that were dealt to `from`, or come again. */
  accept(from: number, body: Uint8Array, flags: number): void {
    const blocks = this.deal.blocks[from]?.length ?? 0;
    if (body.byteLength !== BLOCK_BYTES * blocks || this.#from.has(from))
      throw new FrameError(
        `scalars for ${body.byteLength / BLOCK_BYTES} blocks where ${blocks} were expected once`,
      );
    const values = new Float64Array(2 * blocks);
    new Uint8Array(values.buffer).set(body);
    this.add(from, values, flags);
  }

  /** Those of `from`, in the order of its blocks. */
  add(from: number, values: Float64Array, flags: number): void {
    this.flags |= flags;
    this.#from.add(from);
    (this.deal.blocks[from] ?? []).forEach((block, at) =>
      this.#parts.push({
        block,
        value: { lossSum: values[2 * at] ?? 0, trainedTokens: values[2 * at + 1] ?? 0 },
      }),
    );
  }

  get isComplete(): boolean {
    return this.#from.size === this.size;
  }

  /** In the order of the tree, whoever told them first. */
  sum(): Scalars {
    return sumInOrder(this.count, this.#parts, addScalars);
  }
}
