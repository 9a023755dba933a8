import * as tf from '@tensorflow/tfjs-core';
import { item } from '../item.js';
import { defineGradient, sumToShape } from './define.js';

/** Gradients of the elementwise kernels that models are composed of. Formulas are the textbook derivatives. */
export function registerElementwiseGradients(): void {
  defineGradient({
    kernelName: tf.Add,
    inputs: ['a', 'b'],
    gradient: (dy, saved) => {
      const [a, b] = [item(saved, 0), item(saved, 1)];
      return { a: () => sumToShape(dy, a.shape), b: () => sumToShape(dy, b.shape) };
    },
  });
  defineGradient({
    kernelName: tf.AddN,
    allInputs: true,
    gradient: (dy, saved) => Object.fromEntries(saved.map((_, i) => [String(i), () => dy.clone()])),
  });
  defineGradient({
    kernelName: tf.Sub,
    inputs: ['a', 'b'],
    gradient: (dy, saved) => {
      const [a, b] = [item(saved, 0), item(saved, 1)];
      return { a: () => sumToShape(dy, a.shape), b: () => sumToShape(tf.neg(dy), b.shape) };
    },
  });
  defineGradient({
    kernelName: tf.Multiply,
    inputs: ['a', 'b'],
    gradient: (dy, saved) => {
      const [a, b] = [item(saved, 0), item(saved, 1)];
      return {
        a: () => sumToShape(tf.mul(dy, b), a.shape),
        b: () => sumToShape(tf.mul(dy, a), b.shape),
      };
    },
  });
  defineGradient({
    kernelName: tf.RealDiv,
    inputs: ['a', 'b'],
    gradient: (dy, saved) => {
      const [a, b] = [item(saved, 0), item(saved, 1)];
      return {
        a: () => sumToShape(tf.div(dy, b), a.shape),
        b: () => sumToShape(tf.neg(tf.div(tf.mul(dy, a), tf.square(b))), b.shape),
      };
    },
  });
  registerUnaryGradients();
}

interface UnaryRule {
  readonly kernelName: string;
  /** What the rule reads besides dy: the input, the output, or nothing. */
  readonly reads: 'input' | 'output' | 'nothing';
  readonly dx: (dy: tf.Tensor, saved: tf.Tensor) => tf.Tensor;
}

function registerUnaryGradients(): void {
  const rules: UnaryRule[] = [
    { kernelName: tf.Neg, reads: 'nothing', dx: (dy) => tf.neg(dy) },
    { kernelName: tf.Exp, reads: 'output', dx: (dy, y) => tf.mul(dy, y) },
    { kernelName: tf.Log, reads: 'input', dx: (dy, x) => tf.div(dy, x) },
    { kernelName: tf.Square, reads: 'input', dx: (dy, x) => tf.mul(dy, tf.mul(x, 2)) },
    { kernelName: tf.Sqrt, reads: 'output', dx: (dy, y) => tf.div(dy, tf.mul(y, 2)) },
    {
      kernelName: tf.Rsqrt,
      reads: 'output',
      dx: (dy, y) => tf.mul(dy, tf.mul(tf.mul(y, tf.square(y)), -0.5)),
    },
    { kernelName: tf.Tanh, reads: 'output', dx: (dy, y) => tf.mul(dy, tf.sub(1, tf.square(y))) },
    { kernelName: tf.Sigmoid, reads: 'output', dx: (dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y))) },
    { kernelName: tf.Relu, reads: 'output', dx: (dy, y) => tf.where(tf.greater(y, 0), dy, tf.zerosLike(dy)) },
    { kernelName: tf.Identity, reads: 'nothing', dx: (dy) => dy.clone() },
    { kernelName: tf.Cast, reads: 'nothing', dx: (dy) => dy.clone() },
  ];
  for (const rule of rules)
    defineGradient({
      kernelName: rule.kernelName,
      inputs: rule.reads === 'input' ? ['x'] : [],
      output: rule.reads === 'output',
      gradient: (dy, saved) => ({ x: () => rule.dx(dy, saved[0] ?? dy) }),
    });
  defineGradient({
    kernelName: tf.Select,
    inputs: ['condition'],
    gradient: (dy, saved) => {
      const condition = item(saved, 0);
      const mask = (): tf.Tensor => tf.cast(condition, 'float32');
      return {
        condition: () => tf.zeros(condition.shape),
        t: () => tf.mul(dy, mask()),
        e: () => tf.mul(dy, tf.sub(1, mask())),
      };
    },
  });
}
