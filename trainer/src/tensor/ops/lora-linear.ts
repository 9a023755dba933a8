import * as tf from '@tensorflow/tfjs-core';
import { checkShape } from '../checks.js';
import type { Matrix, Vector } from '../types.js';
import { linear, type WeightLayout } from './linear.js';

export interface LoraFactors {
  /** [r, in], trainable. */
  readonly a: Matrix;
  /** [out, r], trainable. */
  readonly b: Matrix;
  /** alpha / r, or alpha / sqrt(r) for rsLoRA. */
  readonly scale: number;
  /** [n, in] of 0 or 1 / (1 - rate), see `dropoutMask`; applies to the input of the LoRA branch only. */
  readonly dropoutMask?: Matrix | undefined;
}

export interface LoraLinearOptions {
  readonly layout?: WeightLayout;
}

/**
 * y = x W^T + bias + scale * (dropout(x) A^T) B^T with W and bias frozen; gradients to x, a, b.
 * x [n, in]; weight [out, in], or [in, out] with layout `in-out`; bias [out]; result [n, out].
 * Hu et al. 2021, with the scale and dropout placement of PEFT.
 */
export function loraLinear(
  x: Matrix,
  weight: Matrix,
  bias: Vector | undefined,
  lora: LoraFactors,
  options: LoraLinearOptions = {},
): Matrix {
  const base = linear(x, weight, bias, options);
  return tf.add(base, loraDelta(x, base.shape[1], lora));
}

/** scale * (dropout(x) A^T) B^T: x [n, in] -> [n, out]. */
export function loraDelta(x: Matrix, out: number, lora: LoraFactors): Matrix {
  const rank = lora.a.shape[0];
  checkShape('loraLinear', 'a', lora.a, [null, x.shape[1]]);
  checkShape('loraLinear', 'b', lora.b, [out, rank]);
  if (lora.dropoutMask !== undefined) checkShape('loraLinear', 'dropoutMask', lora.dropoutMask, x.shape);
  const input = lora.dropoutMask === undefined ? x : tf.mul<Matrix>(x, lora.dropoutMask);
  const low = tf.matMul(input, lora.a, false, true);
  return tf.matMul(tf.mul<Matrix>(low, lora.scale), lora.b, false, true);
}
