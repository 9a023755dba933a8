import * as tf from '@tensorflow/tfjs-core';
import { checkShape } from '../checks.js';
import { withGradient } from '../custom-gradient.js';
import { FUSED } from '../fused-kernels.js';
import { hasKernel } from '../kernel.js';
import type { Nf4Matrix } from '../nf4/nf4-matrix.js';
import type { Matrix, Vector } from '../types.js';
import { linear, type WeightLayout } from './linear.js';
import { checkLora, loraDelta, loraLinearFused, type LoraFactors } from './lora-linear.js';

export interface Nf4LinearOptions {
  readonly layout?: WeightLayout;
}

/**
 * `loraLinear` (or plain `linear` without `lora`) over a weight packed in NF4. The weight is dequantized for the
 * forward product and again for the gradient to x, and freed after each; it is never trained.
 * x [n, in]; weight [out, in], or [in, out] with layout `in-out`; result [n, out]. QLoRA, Dettmers et al. 2023.
 */
export function nf4Linear(
  x: Matrix,
  weight: Nf4Matrix,
  bias: Vector | undefined,
  lora: LoraFactors | undefined,
  options: Nf4LinearOptions = {},
): Matrix {
  if (lora !== undefined) checkLora(x, weight, bias, lora, options);
  if (lora !== undefined && hasKernel(FUSED.loraLinear))
    return loraLinearFused(x, weight, bias, lora, options);

  const transposed = options.layout === 'in-out';
  checkShape('nf4Linear', 'x', x, [null, transposed ? weight.shape[0] : weight.shape[1]]);
  const base = withGradient<Matrix>([x], () => ({
    value: weight.use((w) => linear(x, w, bias, options)),
    saved: {},
    gradient: (dy) => [weight.use((w) => tf.matMul(dy, w, false, transposed))],
  }));
  return lora === undefined ? base : tf.add(base, loraDelta(x, lora));
}
