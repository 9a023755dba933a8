import * as tf from '@tensorflow/tfjs-core';
import { checkIndices } from '../checks.js';
import { withGradient } from '../custom-gradient.js';
import { FUSED } from '../fused-kernels.js';
import { hasKernel } from '../kernel.js';
import type { Indices, Matrix } from '../types.js';

export interface EmbeddingOptions {
  /** True computes the gradient of the table (dense, [V, d]). Default false. */
  readonly trainable?: boolean;
}

/** Rows of `table` [V, d] by `ids` int32 [n] in 0..V-1; result [n, d]. */
export function embedding(table: Matrix, ids: Indices, options: EmbeddingOptions = {}): Matrix {
  checkIndices('embedding', 'ids', ids, ids.size);
  const value = (): Matrix =>
    hasKernel(FUSED.gatherRows)
      ? tf.engine().runKernel<Matrix>(FUSED.gatherRows, { table, ids })
      : tf.gather<Matrix>(table, ids);
  if (options.trainable !== true) return value();
  return withGradient([table], () => ({
    value: value(),
    saved: { ids },
    gradient: (dy, saved) => [scatterRows(dy, saved.ids, table.shape[0])],
  }));
}

/**
 * Adds row i of `rows` [n, d] to row ids[i] of a zero matrix [count, d], in the order of i, so that the sum is the
 * same on every machine.
 */
export function scatterRows(rows: Matrix, ids: Indices, count: number): Matrix {
  if (hasKernel(FUSED.scatterRows))
    return tf.engine().runKernel<Matrix>(FUSED.scatterRows, { rows, ids }, { count });
  const width = rows.shape[1];
  const source = rows.dataSync<'float32'>();
  const target = new Float32Array(count * width);
  ids.dataSync<'int32'>().forEach((id, i) => {
    for (let j = 0; j < width; j++) {
      const at = id * width + j;
      target[at] = (target[at] ?? 0) + (source[i * width + j] ?? 0);
    }
  });
  return tf.tensor2d(target, [count, width]);
}
