import * as tf from '@tensorflow/tfjs-core';
import { checkShape } from '../checks.js';
import { withGradient } from '../custom-gradient.js';
import { FUSED } from '../fused-kernels.js';
import { hasKernel, present, runGradient } from '../kernel.js';
import { Nf4Matrix } from '../nf4/nf4-matrix.js';
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
  checkLora(x, weight, bias, lora, options);
  if (hasKernel(FUSED.loraLinear)) return loraLinearFused(x, weight, bias, lora, options);
  return tf.add(linear(x, weight, bias, options), loraDelta(x, lora));
}

/** Throws a TypeError unless everything fits together. */
export function checkLora(
  x: Matrix,
  weight: Matrix | Nf4Matrix,
  bias: Vector | undefined,
  { a, b, dropoutMask }: LoraFactors,
  options: LoraLinearOptions,
): void {
  const [first, second] = weight.shape;
  const [out, input] = options.layout === 'in-out' ? [second, first] : [first, second];
  checkShape('loraLinear', 'x', x, [null, input]);
  if (bias !== undefined) checkShape('loraLinear', 'bias', bias, [out]);
  checkShape('loraLinear', 'a', a, [null, input]);
  checkShape('loraLinear', 'b', b, [out, a.shape[0]]);
  if (dropoutMask !== undefined) checkShape('loraLinear', 'dropoutMask', dropoutMask, x.shape);
}

/** scale * (dropout(x) A^T) B^T in plain ops: x [n, in] -> [n, out]. */
export function loraDelta(x: Matrix, lora: LoraFactors): Matrix {
  const input = lora.dropoutMask === undefined ? x : tf.mul<Matrix>(x, lora.dropoutMask);
  const low = tf.matMul(input, lora.a, false, true);
  return tf.matMul(tf.mul<Matrix>(low, lora.scale), lora.b, false, true);
}

/** A packed weight is in float32 during each of the two kernels only. */
export function loraLinearFused(
  x: Matrix,
  frozen: Matrix | Nf4Matrix,
  bias: Vector | undefined,
  { a, b, scale, dropoutMask: mask }: LoraFactors,
  options: LoraLinearOptions,
): Matrix {
  const attrs = { transposed: options.layout === 'in-out', scale };
  const packed = frozen instanceof Nf4Matrix ? frozen : undefined;
  return withGradient<Matrix>([x, a, b], () => {
    const [y, low] = useWeight(frozen, (weight) =>
      tf
        .engine()
        .runKernel<[Matrix, Matrix]>(FUSED.loraLinear, present({ x, weight, bias, a, b, mask }), attrs),
    );
    return {
      value: y,
      saved: {
        x,
        a,
        b,
        mask,
        low,
        weight: frozen instanceof Nf4Matrix ? undefined : frozen,
      },
      gradient: (dy, saved) => {
        const run = (weight: tf.Tensor | undefined): tf.Tensor[] =>
          runGradient(FUSED.loraLinearGrad, { ...saved, weight, dy }, attrs);
        return packed === undefined ? run(saved['weight']) : packed.use(run);
      },
    };
  });
}

function useWeight<T>(weight: Matrix | Nf4Matrix, run: (weight: Matrix) => T): T {
  return weight instanceof Nf4Matrix ? weight.use(run) : run(weight);
}
