import { inSlices } from '../support/index.js';
import { addHalves, roundFloats, widenHalves } from './kernels.js';
import { VectorPool } from './partial-sums.js';
import type { Segment } from './segments.js';
import { SumBuffers } from './sum-buffers.js';
import type { Numbers, SumFormat } from './sum-format.js';
import type { Block } from './tree.js';
import { FrameDtype } from './wire-format.js';

/** Memory that the works of a group use one after the other. */
export class Bf16Memory {
  readonly vectors = new VectorPool<Uint16Array>((length) => new Uint16Array(length));
  readonly results = new SumBuffers<Uint16Array>((length) => new Uint16Array(length));
}

/**
 * Sums of bf16, half as many bytes. Every node of the tree (leaves, inner nodes and root) is the f32 sum of its
 * children, rounded at random to one of its two bf16 neighbours so that the mean is right. What is drawn depends on the
 * seed, the step, the node and the element only, so the bits do not depend on who holds which nodes, and nothing has
 * to be kept from step to step.
 *
 * Error: a rounding is off by less than 2^-7 of the node's value, has mean 0 and a standard deviation of at most
 * 2^-8 of it. An element passes ceil(log2(units)) + 1 roundings, all independent. So the error of the sum has mean 0,
 * and a standard deviation of at most 2^-8 * sqrt(sum of the squares of all nodes): at most
 * 2^-8 * sqrt(1 + ceil(log2(units))) * (sum of the absolute values), 0.9 % for 16 units.
 *
 * Error feedback would remember what was rounded off and add it to the next step. Kept by the member that sends, it
 * depends on the deal; kept by node, it takes as much memory as all micro-batch gradients.
 */
export class Bf16Sums implements SumFormat {
  readonly dtype = FrameDtype.bf16;

  constructor(
    private readonly memory: Bf16Memory,
    private readonly pool: VectorPool<Float32Array>,
    private readonly seed: number,
    private readonly step: number,
  ) {}

  async leaf(unit: number, gradient: Float32Array): Promise<Uint16Array> {
    const leaf = this.memory.vectors.take(gradient.length);
    const seed = this.#seedOf({ start: unit, size: 1 });
    await inSlices(gradient.length, gradient.BYTES_PER_ELEMENT, (first, end) =>
      roundFloats(leaf.subarray(first, end), gradient.subarray(first, end), { seed, first }),
    );
    this.pool.give(gradient);
    return leaf;
  }

  add(block: Block, first: number, target: Numbers, left: Numbers, right: Numbers): void {
    addHalves(halves(target), halves(left), halves(right), { seed: this.#seedOf(block), first });
  }

  release(vector: Numbers): void {
    this.memory.vectors.give(halves(vector));
  }

  allocate(length: number): Uint16Array {
    return new Uint16Array(length);
  }

  view(memory: ArrayBufferLike, byteOffset: number, length: number): Uint16Array {
    return new Uint16Array(memory, byteOffset, length);
  }

  results(_: Float32Array, { start, end }: Segment): Uint16Array {
    return this.memory.results.next(end - start);
  }

  done(results: Numbers): void {
    this.memory.results.done(halves(results));
  }

  toFloats(target: Float32Array, source: Numbers): void {
    widenHalves(target, halves(source));
  }

  #seedOf({ start, size }: Block): number {
    let hash = 0x2545f491;
    for (const part of [this.seed, Math.floor(this.seed / 2 ** 32), this.step, start, size]) {
      hash = Math.imul(hash ^ part, 0x85ebca6b);
      hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
      hash ^= hash >>> 16;
    }
    return hash;
  }
}

function halves(numbers: Numbers): Uint16Array {
  if (numbers instanceof Uint16Array) return numbers;
  throw new TypeError('f32 among sums of bf16');
}
