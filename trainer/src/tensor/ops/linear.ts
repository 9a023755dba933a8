import * as tf from '@tensorflow/tfjs-core';
import { checkShape } from '../checks.js';
import { withGradient } from '../custom-gradient.js';
import { FUSED } from '../fused-kernels.js';
import { hasKernel, present, runGradient } from '../kernel.js';
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
  const trainable = options.trainable === true;
  if (hasKernel(FUSED.linear)) return linearFused(x, weight, bias, transposed, trainable);

  const product = (): Matrix => tf.matMul<Matrix>(x, weight, false, !transposed);
  const plus = (y: Matrix): Matrix => (bias === undefined ? y : tf.add<Matrix>(y, bias));
  if (trainable) return plus(product());
  return withGradient([x], () => ({
    value: plus(product()),
    saved: { weight },
    gradient: (dy, saved) => [tf.matMul(dy, saved.weight, false, transposed)],
  }));
}

function linearFused(
  x: Matrix,
  weight: Matrix,
  bias: Vector | undefined,
  transposed: boolean,
  trainable: boolean,
): Matrix {
  const inputs = trainable ? [x, weight, ...(bias === undefined ? [] : [bias])] : [x];
  return withGradient<Matrix>(inputs, () => ({
    value: tf.engine().runKernel<Matrix>(FUSED.linear, present({ x, weight, bias }), { transposed }),
    saved: { weight, x: trainable ? x : undefined },
    gradient: (dy, saved) =>
      runGradient(FUSED.linearGrad, { dy, ...saved }, { transposed, trainable, bias: bias !== undefined }),
  }));
}
