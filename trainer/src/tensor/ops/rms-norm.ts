import * as tf from '@tensorflow/tfjs-core';
import { checkShape } from '../checks.js';
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
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), 1, true), eps));
  const gain = options.offset === 1 ? tf.add(weight, 1) : weight;
  return tf.mul(tf.mul(x, inverse), gain);
}
