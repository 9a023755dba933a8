import { addFloats } from './kernels.js';
import type { VectorPool } from './partial-sums.js';
import type { Segment } from './segments.js';
import type { Numbers, SumFormat } from './sum-format.js';
import type { Block } from './tree.js';
import { FrameDtype } from './wire-format.js';

/** Sums of f32: each node is the f32 nearest to the sum of its children. */
export class F32Sums implements SumFormat {
  readonly dtype = FrameDtype.f32;

  constructor(private readonly pool: VectorPool<Float32Array>) {}

  leaf(_: number, gradient: Float32Array): Promise<Float32Array> {
    return Promise.resolve(gradient);
  }

  add(_: Block, __: number, target: Numbers, left: Numbers, right: Numbers): void {
    addFloats(floats(target), floats(left), floats(right));
  }

  release(vector: Numbers): void {
    this.pool.give(floats(vector));
  }

  allocate(length: number): Float32Array {
    return new Float32Array(length);
  }

  view(memory: ArrayBufferLike, byteOffset: number, length: number): Float32Array {
    return new Float32Array(memory, byteOffset, length);
  }

  results(out: Float32Array, { start, end }: Segment): Float32Array {
    return out.subarray(start, end);
  }

  done(): void {}

  toFloats(target: Float32Array, source: Numbers): void {
    if (target.buffer !== source.buffer || target.byteOffset !== source.byteOffset) target.set(source);
  }
}

function floats(numbers: Numbers): Float32Array {
  if (numbers instanceof Float32Array) return numbers;
  throw new TypeError('bf16 among sums of f32');
}
