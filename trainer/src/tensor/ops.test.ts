import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { valueAndGradients } from './index.js';
import { testBackends } from './testing/backends.js';
import {
  finiteDifferences,
  found,
  relativeError,
  values,
  type OpCase,
  type SampledGradient,
} from './testing/op-case.js';
import { opCases } from './testing/op-cases.js';
import { sequenceCases } from './testing/sequence-cases.js';

/** Largest error over largest magnitude: float32 against float64. */
const VALUE_TOLERANCE = 2e-6;
const GRADIENT_TOLERANCE = 4e-6;

const cases = [...opCases, ...sequenceCases];

/** Expected values and gradients, computed once for all backends. */
const expected = new Map(cases.map((op) => [op.name, expect64(op)]));

describe.each(testBackends.map((backend) => [backend.name, backend] as const))('on %s', (_name, backend) => {
  let missing: string | undefined;
  beforeAll(async () => {
    missing = await backend.start();
  });

  test.for(cases.map((op) => [op.name, op] as const))('%s', ([name, op], { skip }) => {
    skip(missing !== undefined, missing);
    const before = tf.memory().numTensors;
    const want = expected.get(name);
    const got = backend.run(() => compute(op));
    expect(relativeError(got.value, want?.value ?? [])).toBeLessThan(VALUE_TOLERANCE);
    for (const [input, { indices, derivatives }] of Object.entries(want?.gradients ?? {})) {
      const sampled = indices.map((i) => got.gradients[input]?.[i] ?? NaN);
      expect(relativeError(sampled, derivatives), `d ${input}`).toBeLessThan(GRADIENT_TOLERANCE);
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});

/** Gradients are those of sum(y * weights). */
interface Expected {
  readonly value: ArrayLike<number>;
  readonly gradients: Readonly<Record<string, SampledGradient>>;
}

interface Computed {
  readonly value: ArrayLike<number>;
  readonly gradients: Readonly<Record<string, ArrayLike<number>>>;
}

function expect64(op: OpCase): Expected {
  const value = op.reference((name) => found(op, name));
  const weights = lossWeights(op, value.length);
  const gradients = Object.fromEntries(
    differentiable(op).map((name) => [name, finiteDifferences(op, name, weights)]),
  );
  return { value, gradients };
}

function compute(op: OpCase): Computed {
  return tf.tidy(() => {
    const tensors = new Map(
      Object.entries(op.inputs).map(([name, { data, shape }]) => [
        name,
        tf.tensor(Float32Array.from(data), [...shape]),
      ]),
    );
    const tensor = (name: string): tf.Tensor => {
      const known = tensors.get(name);
      if (known === undefined) throw new RangeError(`no input ${name}`);
      return known;
    };
    const inputs = {
      matrix: (name: string) => tf.reshape<tf.Rank.R2>(tensor(name), [tensor(name).shape[0] ?? 1, -1]),
      vector: (name: string) => tf.reshape<tf.Rank.R1>(tensor(name), [-1]),
    };
    const y = op.run(inputs);
    const weights = tf.tensor(Float32Array.from(lossWeights(op, y.size)), y.shape);
    const value = tf.mul(y, tf.cast(tf.notEqual(weights, 0), 'float32')).dataSync();
    const names = differentiable(op);
    const loss = (): tf.Scalar => tf.sum<tf.Scalar>(tf.mul(op.run(inputs), weights));
    const { gradients } = names.length > 0 ? valueAndGradients(loss, names.map(tensor)) : { gradients: [] };
    return {
      value,
      gradients: Object.fromEntries(names.map((name, i) => [name, gradients[i]?.dataSync() ?? []])),
    };
  });
}

function differentiable(op: OpCase): readonly string[] {
  return op.differentiable ?? Object.keys(op.inputs);
}

/** Random, and zero on the rows that are arbitrary. */
function lossWeights(op: OpCase, size: number): Float64Array {
  const weights = values([size], 99).data;
  const ignored = op.ignoredRows ?? [];
  const width = ignored.length === 0 ? 0 : size / (found(op, 'q').shape[0] ?? 1);
  for (const row of ignored) weights.fill(0, row * width, (row + 1) * width);
  return weights;
}
