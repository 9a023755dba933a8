import * as tf from '@tensorflow/tfjs-core';
import { checkShape } from '../checks.js';
import { withGradient } from '../custom-gradient.js';
import { FUSED } from '../fused-kernels.js';
import { hasKernel, runGradient } from '../kernel.js';
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
  options: LayerNormOptions = {},
): Matrix {
  checkShape('layerNorm', 'x', x, [null, weight.shape[0]]);
  checkShape('layerNorm', 'bias', bias, weight.shape);
  if (hasKernel(FUSED.layerNorm)) return layerNormFused(x, weight, bias, eps, options.trainable === true);
  const centered = tf.sub(x, tf.mean(x, 1, true));
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centered), 1, true), eps));
  return tf.add(tf.mul(tf.mul(centered, inverse), weight), bias);
}

function layerNormFused(x: Matrix, weight: Vector, bias: Vector, eps: number, trainable: boolean): Matrix {
  return withGradient<Matrix>(trainable ? [x, weight, bias] : [x], () => {
    const [y, stats] = tf
      .engine()
      .runKernel<[Matrix, tf.Tensor]>(FUSED.layerNorm, { x, weight, bias }, { eps });
    return {
      value: y,
      saved: { x, weight, stats },
      gradient: (dy, saved) => runGradient(FUSED.layerNormGrad, { dy, ...saved }, { trainable }),
    };
  });
}
