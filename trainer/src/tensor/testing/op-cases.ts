import * as tf from '@tensorflow/tfjs-core';
import {
  geglu,
  gelu,
  layerNorm,
  linear,
  logits,
  loraLinear,
  embedding,
  residual,
  rmsNorm,
  rope,
  swiglu,
} from '../index.js';
import { values, type OpCase, type Values } from './op-case.js';
import { at, build, columnsOf, geluReference, product, rowsOf } from './reference.js';

export const ints = (list: readonly number[]): tf.Tensor1D => tf.tensor1d([...list], 'int32');

const plus = (m: Values, row: Values): Values =>
  build(rowsOf(m), columnsOf(m), (i, j) => at(m, i, j) + (row.data[j] ?? NaN));

/** Every op but attention and cross-entropy, at sizes that are no multiples of the vector width too. */
export const opCases: readonly OpCase[] = [
  ...[
    { n: 5, width: 7, out: 9 },
    { n: 8, width: 16, out: 12 },
  ].flatMap(({ n, width, out }) => linearCases(n, width, out)),
  ...[2, 6, 7, 32].flatMap((d) => normCases(3, d)),
  ...activationCases(3, 7),
  ...activationCases(4, 8),
  ...ropeCases(),
  embeddingCase(),
  {
    name: 'residual',
    inputs: { x: values([3, 5], 16), branch: values([3, 5], 17) },
    run: (t) => residual(t.matrix('x'), t.matrix('branch')),
    reference: (get) => get('x').data.map((value, i) => value + (get('branch').data[i] ?? NaN)),
  },
];

function linearCases(n: number, width: number, out: number): OpCase[] {
  const size = `${n}x${width}x${out}`;
  const inputs = { x: values([n, width], 1), weight: values([out, width], 2), bias: values([out], 3) };
  const rank = 3;
  const factors = { a: values([rank, width], 4), b: values([out, rank], 5) };
  const mask = values([n, width], 6).data.map((v) => (v > 0.3 ? 0 : 1.25));
  const base = (get: (name: string) => Values): Values =>
    plus(product(get('x'), get('weight'), true), get('bias'));
  const lora =
    (dropped: boolean): OpCase['reference'] =>
    (get) => {
      const x = dropped
        ? build(n, width, (i, j) => at(get('x'), i, j) * (mask[i * width + j] ?? NaN))
        : get('x');
      const delta = product(product(x, get('a'), true), get('b'), true);
      return base(get).data.map((value, i) => value + 0.5 * (delta.data[i] ?? NaN));
    };
  return [
    {
      name: `linear ${size}`,
      inputs,
      run: (t) => linear(t.matrix('x'), t.matrix('weight'), t.vector('bias'), { trainable: true }),
      reference: (get) => base(get).data,
    },
    {
      name: `linear frozen ${size}`,
      inputs,
      differentiable: ['x'],
      run: (t) => linear(t.matrix('x'), t.matrix('weight'), t.vector('bias')),
      reference: (get) => base(get).data,
    },
    {
      name: `linear in-out ${size}`,
      inputs: { x: inputs.x, weight: values([width, out], 2) },
      run: (t) => linear(t.matrix('x'), t.matrix('weight'), undefined, { trainable: true, layout: 'in-out' }),
      reference: (get) => product(get('x'), get('weight'), false).data,
    },
    {
      name: `logits ${size}`,
      inputs: { x: inputs.x, head: inputs.weight },
      differentiable: [],
      run: (t) => logits(t.matrix('x'), t.matrix('head'), { softcap: 2 }),
      reference: (get) => product(get('x'), get('head'), true).data.map((z) => 2 * Math.tanh(z / 2)),
    },
    {
      name: `loraLinear ${size}`,
      inputs: { ...inputs, ...factors },
      differentiable: ['x', 'a', 'b'],
      run: (t) =>
        loraLinear(t.matrix('x'), t.matrix('weight'), t.vector('bias'), {
          a: t.matrix('a'),
          b: t.matrix('b'),
          scale: 0.5,
        }),
      reference: lora(false),
    },
    {
      name: `loraLinear with dropout ${size}`,
      inputs: { ...inputs, ...factors },
      differentiable: ['x', 'a', 'b'],
      run: (t) =>
        loraLinear(t.matrix('x'), t.matrix('weight'), t.vector('bias'), {
          a: t.matrix('a'),
          b: t.matrix('b'),
          scale: 0.5,
          dropoutMask: tf.tensor2d(Float32Array.from(mask), [n, width]),
        }),
      reference: lora(true),
    },
    {
      name: `loraLinear in-out ${size}`,
      inputs: { x: inputs.x, weight: values([width, out], 2), ...factors },
      differentiable: ['x', 'a', 'b'],
      run: (t) =>
        loraLinear(
          t.matrix('x'),
          t.matrix('weight'),
          undefined,
          { a: t.matrix('a'), b: t.matrix('b'), scale: 2 },
          { layout: 'in-out' },
        ),
      reference: (get) => {
        const delta = product(product(get('x'), get('a'), true), get('b'), true);
        return product(get('x'), get('weight'), false).data.map(
          (value, i) => value + 2 * (delta.data[i] ?? NaN),
        );
      },
    },
  ];
}

function normCases(n: number, d: number): OpCase[] {
  const inputs = { x: values([n, d], 7), weight: values([d], 8), bias: values([d], 9) };
  const rms =
    (offset: number): OpCase['reference'] =>
    (get) =>
      build(n, d, (i, j) => {
        const row = Array.from({ length: d }, (_, c) => at(get('x'), i, c));
        const square = row.reduce((sum, value) => sum + value * value, 0) / d;
        return ((row[j] ?? NaN) / Math.sqrt(square + 1e-5)) * (offset + (get('weight').data[j] ?? NaN));
      }).data;
  return [
    ...([0, 1] as const).map((offset): OpCase => ({
      name: `rmsNorm offset ${offset} ${n}x${d}`,
      inputs: { x: inputs.x, weight: inputs.weight },
      run: (t) => rmsNorm(t.matrix('x'), t.vector('weight'), 1e-5, { offset, trainable: true }),
      reference: rms(offset),
    })),
    {
      name: `rmsNorm frozen ${n}x${d}`,
      inputs: { x: inputs.x, weight: inputs.weight },
      differentiable: ['x'],
      run: (t) => rmsNorm(t.matrix('x'), t.vector('weight'), 1e-5),
      reference: rms(0),
    },
    {
      name: `layerNorm ${n}x${d}`,
      inputs,
      run: (t) => layerNorm(t.matrix('x'), t.vector('weight'), t.vector('bias'), 1e-2, { trainable: true }),
      reference: (get) =>
        build(n, d, (i, j) => {
          const row = Array.from({ length: d }, (_, c) => at(get('x'), i, c));
          const mean = row.reduce((sum, value) => sum + value, 0) / d;
          const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / d;
          const normal = ((row[j] ?? NaN) - mean) / Math.sqrt(variance + 1e-2);
          return normal * (get('weight').data[j] ?? NaN) + (get('bias').data[j] ?? NaN);
        }).data,
    },
  ];
}

function activationCases(n: number, d: number): OpCase[] {
  const inputs = { gate: values([n, d], 10, 4), up: values([n, d], 11) };
  const gated =
    (activation: (x: number) => number): OpCase['reference'] =>
    (get) =>
      get('gate').data.map((value, i) => activation(value) * (get('up').data[i] ?? NaN));
  return [
    {
      name: `swiglu ${n}x${d}`,
      inputs,
      run: (t) => swiglu(t.matrix('gate'), t.matrix('up')),
      reference: gated((x) => x / (1 + Math.exp(-x))),
    },
    {
      name: `geglu ${n}x${d}`,
      inputs,
      run: (t) => geglu(t.matrix('gate'), t.matrix('up')),
      reference: gated(geluReference),
    },
    {
      name: `gelu ${n}x${d}`,
      inputs: { x: inputs.gate },
      run: (t) => gelu(t.matrix('x')),
      reference: (get) => get('x').data.map(geluReference),
    },
  ];
}

function ropeCases(): OpCase[] {
  const positions = [0, 1, 2, 0, 4];
  return [2, 6, 8].map((headDim): OpCase => {
    const [cos, sin] = [values([5, headDim / 2], 12), values([5, headDim / 2], 13)];
    return {
      name: `rope headDim ${headDim}`,
      inputs: { x: values([5, 3 * headDim], 14) },
      run: (t) => {
        const table = (v: Values): tf.Tensor2D => tf.tensor2d(Float32Array.from(v.data), [5, headDim / 2]);
        return rope(t.matrix('x'), ints(positions), { cos: table(cos), sin: table(sin) }, headDim);
      },
      reference: (get) =>
        build(5, 3 * headDim, (i, j) => {
          const half = headDim / 2;
          const [within, position] = [j % headDim, positions[i] ?? NaN];
          const [c, s] = [at(cos, position, within % half), at(sin, position, within % half)];
          const x = get('x');
          return within < half
            ? at(x, i, j) * c - at(x, i, j + half) * s
            : at(x, i, j) * c + at(x, i, j - half) * s;
        }).data,
    };
  });
}

function embeddingCase(): OpCase {
  const ids = [3, 0, 3, 5, 1];
  return {
    name: 'embedding',
    inputs: { table: values([6, 7], 15) },
    run: (t) => embedding(t.matrix('table'), ints(ids), { trainable: true }),
    reference: (get) => build(5, 7, (i, j) => at(get('table'), ids[i] ?? NaN, j)).data,
  };
}
