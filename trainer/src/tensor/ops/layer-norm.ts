import * as tf from '@tensorflow/tfjs-core';
import { checkShape } from '../checks.js';
import type { Matrix, Vector } from '../types.js';

export interface LayerNormOptions {
  /** True computes the gradients of weight and bias too. Default false. */
  readonly trainable?: boolean;
}

/**
 * y = (x - mean) / sqrt(variance + eps) * weight + bias, row by row, with the biased variance as in PyTorch.
 * x [n, d]; weight, bias [d]; result [n, d]. Ba et al. 2016.
 */
export function layerNorm(
  x: Matrix,
  weight: Vector,
  bias: Vector,
  eps: number,
  _options: LayerNormOptions = {},
): Matrix {
  checkShape('layerNorm', 'x', x, [null, weight.shape[0]]);
  checkShape('layerNorm', 'bias', bias, weight.shape);
  const centered = tf.sub(x, tf.mean(x, 1, true));
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centered), 1, true), eps));
  return tf.add(tf.mul(tf.mul(centered, inverse), weight), bias);
}
