import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { selectBackend, valueAndGradients } from '../index.js';
import { values } from '../testing/op-case.js';

type Compute = (x: tf.Tensor) => tf.Tensor;

const other = (): tf.Tensor2D => tf.tensor2d(Float32Array.from(values([4, 6], 2).data), [4, 6]);
const column = (): tf.Tensor2D => tf.tensor2d([0.5, -1, 2, 0.25], [4, 1]);

/** Of x [4, 6] with positive entries. */
const computations: Readonly<Record<string, Compute>> = {
  add: (x) => tf.add(x, other()),
  'add, broadcast': (x) => tf.add(tf.sum(x, 1, true), other()),
  sub: (x) => tf.sub(other(), tf.mean(x, 0)),
  mul: (x) => tf.mul(x, tf.mul(x, column())),
  div: (x) => tf.div(column(), tf.div(x, tf.sum(x, 1, true))),
  addN: (x) => tf.addN([x, x, tf.square(x)]),
  neg: (x) => tf.mul(tf.neg(x), x),
  exp: (x) => tf.exp(x),
  log: (x) => tf.log(x),
  sqrt: (x) => tf.sqrt(x),
  rsqrt: (x) => tf.rsqrt(x),
  tanh: (x) => tf.tanh(x),
  sigmoid: (x) => tf.sigmoid(x),
  relu: (x) => tf.relu(tf.sub(x, 1)),
  where: (x) => tf.where(tf.greater(other(), 0), tf.square(x), x),
  clone: (x) => tf.clone(x),
  matMul: (x) => tf.matMul(x, tf.square(x), true, false),
  'matMul, second transposed': (x) => tf.matMul(x, tf.square(x), false, true),
  'matMul, both transposed': (x) => tf.matMul(x, tf.reshape(tf.square(x), [6, 4]), true, true),
  'matMul, broadcast': (x) => tf.matMul(tf.reshape(x, [2, 2, 6]), tf.slice(x, [0, 0], [4, 6]), false, true),
  'sum of all': (x) => tf.square(tf.sum(x)),
  'mean of all': (x) => tf.square(tf.mean(x)),
  softmax: (x) => tf.softmax(x),
  reshape: (x) => tf.square(tf.reshape(x, [3, 8])),
  expandDims: (x) => tf.square(tf.expandDims(x, 1)),
  transpose: (x) => tf.transpose(tf.reshape(x, [2, 3, 4]), [2, 0, 1]),
  concat: (x) => tf.concat([x, tf.square(x), other()], 1),
  stack: (x) => tf.stack([x, tf.square(x)], 1),
  slice: (x) => tf.slice(x, [1, 2], [2, -1]),
  split: (x) => tf.mul(...splitInTwo(x)),
  tile: (x) => tf.tile(x, [2, 3]),
};

beforeAll(async () => {
  await selectBackend({ force: 'wasm', blas: 'off' });
});

test.each(Object.entries(computations))('%s', (_name, compute) => {
  const start = values([4, 6], 1).data.map((value) => 1.5 + value);
  const loss = (x: tf.Tensor): tf.Scalar => {
    const y = compute(x);
    return tf.sum(tf.mul(y, tf.tensor(Float32Array.from(values([y.size], 3).data), y.shape)));
  };
  const at = (data: Float64Array): number =>
    tf.tidy(() => loss(tf.tensor2d(Float32Array.from(data), [4, 6])).dataSync()[0] ?? NaN);
  const gradient = tf.tidy(() => {
    const x = tf.tensor2d(Float32Array.from(start), [4, 6]);
    return valueAndGradients(() => loss(x), [x]).gradients[0]?.dataSync() ?? new Float32Array();
  });
  expect(gradient.length).toBe(start.length);
  gradient.forEach((slope, i) => {
    const step = 1 / 64;
    const differences = [1, 2].map((multiple) => {
      const [up, down] = [start.slice(), start.slice()];
      up[i] = (start[i] ?? NaN) + multiple * step;
      down[i] = (start[i] ?? NaN) - multiple * step;
      return (at(up) - at(down)) / (2 * multiple * step);
    });
    // Richardson: the error of the two differences cancels to fourth order; what is left is float32 rounding.
    const expected = (4 * (differences[0] ?? NaN) - (differences[1] ?? NaN)) / 3;
    expect(Math.abs(slope - expected)).toBeLessThan(2e-3 * Math.max(1, Math.abs(expected)));
  });
});

function splitInTwo(x: tf.Tensor): [tf.Tensor, tf.Tensor] {
  const [left, right] = tf.split(x, [2, 4], 1);
  if (left === undefined || right === undefined) throw new RangeError('split gave fewer parts');
  return [left, tf.slice(right, [0, 0], [4, 2])];
}
