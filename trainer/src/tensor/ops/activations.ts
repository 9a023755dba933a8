import * as tf from '@tensorflow/tfjs-core';
import { checkShape } from '../checks.js';
import { withGradient } from '../custom-gradient.js';
import { FUSED } from '../fused-kernels.js';
import { hasKernel, runGradient } from '../kernel.js';
import type { Matrix } from '../types.js';

const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** silu(gate) * up with silu(z) = z * sigmoid(z), elementwise. Both [n, d]. Shazeer 2020. */
export function swiglu(gate: Matrix, up: Matrix): Matrix {
  checkShape('swiglu', 'up', up, gate.shape);
  if (hasKernel(FUSED.swiglu)) return gatedFused(gate, up, FUSED.swiglu, FUSED.swigluGrad);
  return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up);
}

/** gelu(gate) * up with the tanh form of {@link gelu}, elementwise. Both [n, d]. Gemma's feed-forward. */
export function geglu(gate: Matrix, up: Matrix): Matrix {
  checkShape('geglu', 'up', up, gate.shape);
  if (hasKernel(FUSED.geglu)) return gatedFused(gate, up, FUSED.geglu, FUSED.gegluGrad);
  return tf.mul(gelu(gate), up);
}

/** 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))): `gelu_new`, `gelu_pytorch_tanh`. Hendrycks & Gimpel 2016. */
export function gelu(x: Matrix): Matrix {
  if (hasKernel(FUSED.gelu))
    return withGradient([x], () => ({
      value: tf.engine().runKernel<Matrix>(FUSED.gelu, { x }),
      saved: { x },
      gradient: (dy, saved) => [tf.engine().runKernel<Matrix>(FUSED.geluGrad, { dy, ...saved })],
    }));
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(x, tf.square(x)), CUBIC)), SQRT_2_OVER_PI);
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
}

function gatedFused(gate: Matrix, up: Matrix, kernel: string, gradientKernel: string): Matrix {
  return withGradient([gate, up], () => ({
    value: tf.engine().runKernel<Matrix>(kernel, { gate, up }),
    saved: { gate, up },
    gradient: (dy, saved) => runGradient(gradientKernel, { dy, ...saved }),
  }));
}
