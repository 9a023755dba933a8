import * as tf from '@tensorflow/tfjs-core';
import { item } from '../item.js';
import type { Attributes } from '../attributes.js';
import { defineGradient } from './define.js';

/** Gradients of the kernels that move, reduce or multiply: matmul, sum, softmax, reshape, slice, concat and kin. */
export function registerStructuralGradients(): void {
  registerMatMulGradient();
  registerReductionGradients();
  registerLayoutGradients();
}

function registerMatMulGradient(): void {
  defineGradient({
    kernelName: tf.BatchMatMul,
    inputs: ['a', 'b'],
    gradient: (dy, saved, attrs) => {
      const [a, b] = [item(saved, 0), item(saved, 1)];
      const ta = attrs.flag('transposeA');
      const tb = attrs.flag('transposeB');
      return {
        a: () => sumBatch(ta ? tf.matMul(b, dy, tb, true) : tf.matMul(dy, b, false, !tb), a.shape),
        b: () => sumBatch(tb ? tf.matMul(dy, a, true, ta) : tf.matMul(a, dy, !ta, false), b.shape),
      };
    },
  });
}

/** Batch dimensions of matmul broadcast; the gradient sums over them. */
function sumBatch(dx: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, dx.shape);
  return axes.length > 0 ? tf.reshape(tf.sum(dx, axes), shape) : dx;
}

function registerReductionGradients(): void {
  defineGradient({
    kernelName: tf.Sum,
    inputs: ['x'],
    gradient: (dy, saved, attrs) => {
      const x = item(saved, 0);
      return { x: () => spread(dy, x.shape, attrs) };
    },
  });
  defineGradient({
    kernelName: tf.Mean,
    inputs: ['x'],
    gradient: (dy, saved, attrs) => {
      const x = item(saved, 0);
      return { x: () => tf.div(spread(dy, x.shape, attrs), x.size / Math.max(1, dy.size)) };
    },
  });
  defineGradient({
    kernelName: tf.Softmax,
    output: true,
    gradient: (dy, saved, attrs) => {
      const y = item(saved, 0);
      return {
        logits: () => {
          const dyTimesY = tf.mul(dy, y);
          return tf.sub(dyTimesY, tf.mul(tf.sum(dyTimesY, [attrs.number('dim')], true), y));
        },
      };
    },
  });
}

/** Repeats the gradient of a reduction over the axes that it removed. */
function spread(dy: tf.Tensor, shape: number[], attrs: Attributes): tf.Tensor {
  const axes = attrs.has('axis')
    ? tf.util.parseAxisParam(attrs.numbers('axis'), shape)
    : shape.map((_, axis) => axis);
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return tf.mul(tf.reshape(dy, kept), tf.ones(shape));
}

function registerLayoutGradients(): void {
  for (const kernelName of [tf.Reshape, tf.ExpandDims])
    defineGradient({
      kernelName,
      inputs: [kernelName === tf.ExpandDims ? 'input' : 'x'],
      gradient: (dy, saved) => {
        const x = item(saved, 0);
        const dx = (): tf.Tensor => tf.reshape(dy, x.shape);
        return { x: dx, input: dx };
      },
    });
  defineGradient({
    kernelName: tf.Transpose,
    gradient: (dy, _saved, attrs) => {
      const perm = attrs.numbers('perm');
      const inverse = perm.map((_, axis) => perm.indexOf(axis));
      return { x: () => tf.transpose(dy, inverse) };
    },
  });
  defineGradient({
    kernelName: tf.Concat,
    allInputs: true,
    gradient: (dy, saved, attrs) => {
      const axis = tf.util.parseAxisParam(attrs.number('axis'), dy.shape)[0] ?? 0;
      const begins: number[] = [];
      let begin = 0;
      for (const part of saved) {
        begins.push(begin);
        begin += part.shape[axis] ?? 0;
      }
      return Object.fromEntries(
        saved.map((part, i) => [
          String(i),
          () =>
            tf.slice(
              dy,
              dy.shape.map((_, d) => (d === axis ? (begins[i] ?? 0) : 0)),
              part.shape,
            ),
        ]),
      );
    },
  });
  defineGradient({
    kernelName: tf.Pack,
    allInputs: true,
    gradient: (dy, saved, attrs) => {
      const parts = tf.unstack(dy, attrs.number('axis'));
      return Object.fromEntries(saved.map((_, i) => [String(i), () => (parts[i] ?? dy).clone()]));
    },
  });
  defineGradient({
    kernelName: tf.Slice,
    inputs: ['x'],
    gradient: (dy, saved, attrs) => {
      const x = item(saved, 0);
      const begin = attrs.numbers('begin');
      return {
        x: () =>
          tf.pad(
            dy,
            x.shape.map((full, d): [number, number] => {
              const from = begin[d] ?? 0;
              return [from, full - from - item(dy.shape, d)];
            }),
          ),
      };
    },
  });
  defineGradient({
    kernelName: tf.SplitV,
    gradient: (_dy, _saved, attrs, dys) => ({
      x: () => tf.concat(dys, attrs.number('axis')),
    }),
  });
  defineGradient({
    kernelName: tf.Tile,
    inputs: ['x'],
    gradient: (dy, saved, attrs) => {
      const x = item(saved, 0);
      const reps = attrs.numbers('reps');
      return {
        x: () => {
          const split = x.shape.flatMap((size, d) => [reps[d] ?? 1, size]);
          return tf.sum(
            tf.reshape(dy, split),
            x.shape.map((_, d) => 2 * d),
          );
        },
      };
    },
  });
}
