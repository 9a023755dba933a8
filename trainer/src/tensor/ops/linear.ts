import * as tf from '@tensorflow/tfjs-core';
import { checkShape } from '../checks.js';
import { withGradient } from '../custom-gradient.js';
import { item } from '../item.js';
import type { Matrix, Vector } from '../types.js';

export interface LinearOptions {
  /** True computes gradients of weight and bias too (full fine-tuning). Default false: they are constants. */
  readonly trainable?: boolean;
  /** `out-in` (PyTorch Linear, default) or `in-out` (GPT-2 Conv1D). */
  readonly layout?: WeightLayout;
}

export type WeightLayout = 'out-in' | 'in-out';

/**
 * y = x W^T + bias.
 * x [n, in]; weight [out, in], or [in, out] with layout `in-out`; bias [out]; result [n, out].
 */
export function linear(x: Matrix, weight: Matrix, bias?: Vector, options: LinearOptions = {}): Matrix {
  const transposed = options.layout === 'in-out';
  const [outAxis, inAxis] = transposed ? ([1, 0] as const) : ([0, 1] as const);
  checkShape('linear', 'x', x, [null, weight.shape[inAxis]]);
  if (bias !== undefined) checkShape('linear', 'bias', bias, [weight.shape[outAxis]]);

  if (options.trainable === true) {
    const product = tf.matMul<Matrix>(x, weight, false, !transposed);
    return bias === undefined ? product : tf.add<Matrix>(product, bias);
  }
  return withGradient<Matrix>([x], () => {
    const product = tf.matMul<Matrix>(x, weight, false, !transposed);
    return {
      value: bias === undefined ? product : tf.add<Matrix>(product, bias),
      saved: [weight],
      gradient: (dy, saved) => [tf.matMul(dy, item(saved, 0), false, transposed)],
    };
  });
}
