import type { Segment } from './segments.js';
import type { Block } from './tree.js';
import type { FrameDtype } from './wire-format.js';

/** The elements of a sum as it is kept and sent: f32, or the upper halves of f32 (bf16). */
export type Numbers = Float32Array | Uint16Array;

/**
 * How the nodes of the tree of sums are kept, added and sent. A node has the same bits whoever makes it, so any node
 * may travel. Implementations: f32-sums.ts, bf16-sums.ts.
 */
export interface SumFormat {
  readonly dtype: FrameDtype;
  /** The leaf of a unit from its gradient, which it takes over. */
  leaf(unit: number, gradient: Float32Array): Promise<Numbers>;
  /** target = left + right, elements `first` (a multiple of 8) and following of the children of `block`; target may be an operand. */
  add(block: Block, first: number, target: Numbers, left: Numbers, right: Numbers): void;
  /** Nobody needs this leaf, or sum in the memory of a leaf, any more. */
  release(vector: Numbers): void;
  allocate(length: number): Numbers;
  /** `length` numbers from `byteOffset` (aligned) of `memory`. */
  view(memory: ArrayBufferLike, byteOffset: number, length: number): Numbers;
  /** Where this member's segment of the sum goes, to be sent from there; `out` takes the whole sum. */
  results(out: Float32Array, segment: Segment): Numbers;
  /** The sum in `results` is complete, and others may be reading it until the next one is. */
  done(results: Numbers): void;
  /** target = source; a no-op where they are the same memory. */
  toFloats(target: Float32Array, source: Numbers): void;
}
