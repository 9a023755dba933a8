import type * as tf from '@tensorflow/tfjs-core';
import type { Matrix, Vector } from '../types.js';

/** A float64 matrix or vector of a reference computation. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** The inputs of a case as tensors. */
export interface TensorInputs {
  matrix(name: string): Matrix;
  vector(name: string): Vector;
}

/** One op at one size: how to run it on tensors, and what it computes, written plainly in float64. */
export interface OpCase {
  readonly name: string;
  /** Differentiable inputs, by name. */
  readonly inputs: Readonly<Record<string, Values>>;
  /** Inputs whose gradient is asked for. Default: all. */
  readonly differentiable?: readonly string[];
  /** Rows of the result that are arbitrary. */
  readonly ignoredRows?: readonly number[];
  run(inputs: TensorInputs): tf.Tensor;
  reference(values: (name: string) => Values): Float64Array;
}

/** Deterministic values in -1..1 times `spread`. */
export function values(shape: readonly number[], seed: number, spread = 1): Values {
  const size = shape.reduce((product, d) => product * d, 1);
  let state = (seed * 2654435761 + 12345) >>> 0;
  const data = Float64Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // Through float32, so that the tensors hold exactly these numbers.
    return Math.fround((state / 2 ** 31 - 1) * spread);
  });
  return { shape, data };
}

/** Largest absolute difference over the largest absolute expected value. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let magnitude = 1e-30;
  for (let i = 0; i < expected.length; i++) {
    const want = expected[i] ?? NaN;
    const error = Math.abs((actual[i] ?? NaN) - want);
    if (!(error <= difference)) difference = error;
    magnitude = Math.max(magnitude, Math.abs(want));
  }
  return difference / magnitude;
}

/** Derivatives by some elements of an input. */
export interface SampledGradient {
  readonly indices: readonly number[];
  readonly derivatives: readonly number[];
}

/** Elements of an input whose derivative is checked; spread evenly when the input has more. */
const SAMPLES = 40;

/** Central differences of sum(reference * weights) by elements of one input, in float64. */
export function finiteDifferences(op: OpCase, name: string, weights: Float64Array): SampledGradient {
  const input = op.inputs[name];
  if (input === undefined) throw new RangeError(`no input ${name}`);
  const step = 1e-5;
  const loss = (data: Float64Array): number => {
    const moved = { shape: input.shape, data };
    const out = op.reference((other) => (other === name ? moved : found(op, other)));
    return out.reduce((sum, value, i) => sum + value * (weights[i] ?? NaN), 0);
  };
  const stride = Math.max(1, input.data.length / SAMPLES);
  const count = Math.min(SAMPLES, input.data.length);
  const indices = Array.from({ length: count }, (_, i) => Math.floor(i * stride));
  const derivatives = indices.map((i) => {
    const up = input.data.slice();
    const down = input.data.slice();
    up[i] = (input.data[i] ?? NaN) + step;
    down[i] = (input.data[i] ?? NaN) - step;
    return (loss(up) - loss(down)) / (2 * step);
  });
  return { indices, derivatives };
}

export function found(op: OpCase, name: string): Values {
  const input = op.inputs[name];
  if (input === undefined) throw new RangeError(`no input ${name}`);
  return input;
}
