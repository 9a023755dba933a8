import * as tf from '@tensorflow/tfjs-core';
import { withGradient, type Matrix } from '../tensor/index.js';

/** 0.5 x (1 + erf(x / sqrt 2)), elementwise: `gelu` of configurations. Hendrycks & Gimpel 2016. */
export function exactGelu(x: Matrix): Matrix {
  return withGradient([x], () => ({
    value: tf.mul<Matrix>(x, cumulative(x)),
    saved: { x },
    gradient: (dy, saved) => {
      const density = tf.mul(tf.exp(tf.mul(tf.square(saved.x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return [tf.mul(dy, tf.add(cumulative(saved.x), tf.mul(saved.x, density)))];
    },
  }));
}

/** The distribution function of the standard normal. */
function cumulative(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
}
