import * as tf from '@tensorflow/tfjs-core';
import { checkShape } from '../checks.js';
import { withGradient } from '../custom-gradient.js';
import { FUSED } from '../fused-kernels.js';
import { hasKernel, runGradient } from '../kernel.js';
import type { Matrix, Vector } from '../types.js';

export interface RmsNormOptions {
  /** Added to the weight: 1 for Gemma, whose weights are stored around zero. Default 0. */
  readonly offset?: 0 | 1;
  /** True computes the gradient of the weight too. Default false. */
  readonly trainable?: boolean;
}

/**
 * y = x / sqrt(mean(x^2) + eps) * (offset + weight), row by row.
 * x [n, d]; weight [d]; result [n, d]. Zhang & Sennrich 2019.
 */
export function rmsNorm(x: Matrix, weight: Vector, eps: number, options: RmsNormOptions = {}): Matrix {
  checkShape('rmsNorm', 'x', x, [null, weight.shape[0]]);
  if (hasKernel(FUSED.rmsNorm)) return rmsNormFused(x, weight, eps, options);
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), 1, true), eps));
  const gain = options.offset === 1 ? tf.add(weight, 1) : weight;
  return tf.mul(tf.mul(x, inverse), gain);
}

function rmsNormFused(
  x: Matrix,
  weight: Vector,
  eps: number,
  { offset = 0, trainable = false }: RmsNormOptions,
): Matrix {
  return withGradient<Matrix>(trainable ? [x, weight] : [x], () => {
    const [y, inverse] = tf
      .engine()
      .runKernel<[Matrix, tf.Tensor]>(FUSED.rmsNorm, { x, weight }, { eps, offset });
    return {
      value: y,
      saved: { x, weight, inverse },
      gradient: (dy, saved) => runGradient(FUSED.rmsNormGrad, { dy, ...saved }, { offset, trainable }),
    };
  });
}
