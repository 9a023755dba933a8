import * as tf from '@tensorflow/tfjs-core';
import { FUSED } from '../fused-kernels.js';
import { hasKernel } from '../kernel.js';
import type { Matrix } from '../types.js';
import { dequantizeNf4, type Nf4Data } from './quantize.js';

/**
 * A weight [rows, columns] kept in NF4, in host memory: the heap of the backend holds float32 only while {@link use}
 * runs.
 */
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
  use<T>(compute: (weight: Matrix) => T): T {
    const weight = this.dequantize();
    try {
      return compute(weight);
    } finally {
      weight.dispose();
    }
  }

  /** The weight in float32; the caller disposes it. */
  dequantize(): Matrix {
    if (!hasKernel(FUSED.nf4Dequantize)) return tf.tensor2d(dequantizeNf4(this.#data), [...this.shape]);
    return tf.tidy(() => dequantizeFused(this.#data, this.shape));
  }
}

/** tfjs has no byte tensors; dtype bool holds one byte an element, unchanged. */
function dequantizeFused({ packed, scales }: Nf4Data, [rows, columns]: readonly [number, number]): Matrix {
  const bytes = tf.tensor1d(packed, 'bool');
  if (scales.kind === 'plain')
    return tf
      .engine()
      .runKernel<Matrix>(
        FUSED.nf4Dequantize,
        { packed: bytes, scales: tf.tensor1d(scales.absmax) },
        { rows, columns },
      );
  return tf.engine().runKernel<Matrix>(
    FUSED.nf4Dequantize,
    {
      packed: bytes,
      codes: tf.tensor1d(scales.codes, 'bool'),
      superScales: tf.tensor1d(scales.superScales),
    },
    { rows, columns, offset: scales.offset },
  );
}
