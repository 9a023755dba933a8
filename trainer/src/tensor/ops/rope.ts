import * as tf from '@tensorflow/tfjs-core';
import { checkIndices, checkShape } from '../checks.js';
import { withGradient } from '../custom-gradient.js';
import { FUSED } from '../fused-kernels.js';
import { hasKernel } from '../kernel.js';
import type { Indices, Matrix } from '../types.js';

/** Cosines and sines by position: both [positions, headDim / 2]. Any scaling of frequency or magnitude is in them. */
export interface RopeTables {
  readonly cos: Matrix;
  readonly sin: Matrix;
}

/**
 * Rotary position embedding, rotate-half form: of each head, the pair (x[j], x[j + headDim/2]) is turned by the
 * angle of its row's position. x [n, heads * headDim]; positions int32 [n] below the tables' length.
 * Su et al. 2021, in the layout of Hugging Face Llama.
 */
export function rope(x: Matrix, positions: Indices, tables: RopeTables, headDim: number): Matrix {
  const [n, width] = x.shape;
  checkIndices('rope', 'positions', positions, n);
  checkShape('rope', 'cos', tables.cos, [null, headDim / 2]);
  checkShape('rope', 'sin', tables.sin, tables.cos.shape);
  if (width % headDim !== 0)
    throw new TypeError(`rope: x is ${width} wide, not a multiple of headDim ${headDim}`);
  return withGradient([x], () => ({
    value: rotate(x, positions, tables, headDim, 1),
    saved: { positions, cos: tables.cos, sin: tables.sin },
    gradient: (dy, saved) => [rotate(dy, saved.positions, saved, headDim, -1)],
  }));
}

/** The rotation is orthogonal up to scale, so its gradient is the rotation by the opposite angle. */
function rotate(x: Matrix, positions: Indices, tables: RopeTables, headDim: number, sign: 1 | -1): Matrix {
  if (hasKernel(FUSED.rope)) {
    const { cos, sin } = tables;
    return tf.engine().runKernel<Matrix>(FUSED.rope, { x, positions, cos, sin }, { headDim, sign });
  }
  const [n, width] = x.shape;
  const half = headDim / 2;
  const heads = width / headDim;
  const split = tf.reshape(x, [n, heads, 2, half]);
  const first = tf.slice(split, [0, 0, 0, 0], [n, heads, 1, half]);
  const second = tf.slice(split, [0, 0, 1, 0], [n, heads, 1, half]);
  const cos = tf.reshape(tf.gather(tables.cos, positions), [n, 1, 1, half]);
  const sin = tf.mul(tf.reshape(tf.gather(tables.sin, positions), [n, 1, 1, half]), sign);
  const turned = tf.concat(
    [tf.sub(tf.mul(first, cos), tf.mul(second, sin)), tf.add(tf.mul(second, cos), tf.mul(first, sin))],
    2,
  );
  return tf.reshape(turned, [n, width]);
}
