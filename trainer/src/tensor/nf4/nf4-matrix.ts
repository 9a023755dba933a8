import * as tf from '@tensorflow/tfjs-core';
import type { Matrix } from '../types.js';
import { dequantizeNf4, type Nf4Data } from './quantize.js';

/** A weight [rows, columns] kept in NF4; float32 exists only while {@link use} runs. */
export class Nf4Matrix {
  readonly shape: readonly [number, number];
  readonly #data: Nf4Data;

  constructor(data: Nf4Data, shape: readonly [number, number]) {
    if (data.size !== shape[0] * shape[1])
      throw new TypeError(`Nf4Matrix: ${data.size} weights do not fill [${shape.join(', ')}]`);
    this.#data = data;
    this.shape = shape;
  }

  /** Bytes held: codes and scales. */
  get bytes(): number {
    const { packed, scales } = this.#data;
    if (scales.kind === 'plain') return packed.byteLength + scales.absmax.byteLength;
    return packed.byteLength + scales.codes.byteLength + scales.superScales.byteLength + 4;
  }

  /** Passes the dequantized weight to `compute`, then frees it. */
  use<T extends tf.Tensor>(compute: (weight: Matrix) => T): T {
    const weight = this.dequantize();
    const result = compute(weight);
    weight.dispose();
    return result;
  }

  /** The weight in float32; the caller disposes it. */
  dequantize(): Matrix {
    return tf.tensor2d(dequantizeNf4(this.#data), [this.shape[0], this.shape[1]]);
  }
}
