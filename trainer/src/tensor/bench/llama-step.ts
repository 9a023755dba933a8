import * as tf from '@tensorflow/tfjs-core';
import {
  attention,
  crossEntropy,
  embedding,
  loraLinear,
  residual,
  rmsNorm,
  rope,
  swiglu,
  valueAndGradients,
  type Matrix,
  type RopeTables,
  type Vector,
} from '../index.js';

/** A Llama with LoRA on all seven projections, random weights, tied head. */
export interface BenchShape {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly feedForward: number;
  readonly vocabulary: number;
  readonly batch: number;
  readonly length: number;
  readonly rank: number;
}

interface Projection {
  readonly weight: Matrix;
  readonly a: Matrix;
  readonly b: Matrix;
}

interface Layer {
  readonly norms: readonly [Vector, Vector];
  readonly q: Projection;
  readonly k: Projection;
  readonly v: Projection;
  readonly o: Projection;
  readonly gate: Projection;
  readonly up: Projection;
  readonly down: Projection;
}

/** One forward and backward pass; the gradients are read back as an engine would. */
export function llamaStep(shape: BenchShape): () => void {
  const { hidden, heads, kvHeads, batch, length, vocabulary } = shape;
  const headDim = hidden / heads;
  const n = batch * length;
  const projection = (input: number, out: number): Projection => ({
    weight: random(out, input, 0.05),
    a: random(shape.rank, input, 0.05),
    b: random(out, shape.rank, 0.05),
  });
  const layers = Array.from({ length: shape.layers }, (): Layer => ({
    norms: [tf.ones([hidden]), tf.ones([hidden])],
    q: projection(hidden, heads * headDim),
    k: projection(hidden, kvHeads * headDim),
    v: projection(hidden, kvHeads * headDim),
    o: projection(heads * headDim, hidden),
    gate: projection(hidden, shape.feedForward),
    up: projection(hidden, shape.feedForward),
    down: projection(shape.feedForward, hidden),
  }));
  const table = random(vocabulary, hidden, 0.05);
  const finalNorm = tf.ones<tf.Rank.R1>([hidden]);
  const tables: RopeTables = { cos: random(length, headDim / 2, 1), sin: random(length, headDim / 2, 1) };
  const positions = tf.tensor1d(
    Array.from({ length: n }, (_, i) => i % length),
    'int32',
  );
  const ids = tf.tensor1d(
    Array.from({ length: n }, (_, i) => (i * 7919) % vocabulary),
    'int32',
  );
  const segmentIds = tf.ones<tf.Rank.R1>([n], 'int32');
  const apply = (x: Matrix, { weight, a, b }: Projection): Matrix =>
    loraLinear(x, weight, undefined, { a, b, scale: 2 });

  const forward = (): tf.Scalar => {
    let x = embedding(table, ids);
    for (const layer of layers) {
      const h = rmsNorm(x, layer.norms[0], 1e-5);
      const mixed = attention(
        rope(apply(h, layer.q), positions, tables, headDim),
        rope(apply(h, layer.k), positions, tables, headDim),
        apply(h, layer.v),
        { batch, length, heads, kvHeads, headDim, scale: headDim ** -0.5, segmentIds },
      );
      x = residual(x, apply(mixed, layer.o));
      const g = rmsNorm(x, layer.norms[1], 1e-5);
      x = residual(x, apply(swiglu(apply(g, layer.gate), apply(g, layer.up)), layer.down));
    }
    return crossEntropy(rmsNorm(x, finalNorm, 1e-5), table, ids);
  };
  const parameters = layers.flatMap(({ q, k, v, o, gate, up, down }) =>
    [q, k, v, o, gate, up, down].flatMap(({ a, b }) => [a, b]),
  );
  return () => {
    const { value, gradients } = valueAndGradients(forward, parameters);
    value.dataSync();
    for (const gradient of gradients) gradient.dataSync();
    tf.dispose([value, ...gradients]);
  };
}

/** Multiply-adds of one step times two: forward, gradient to x, and the LoRA products; attention counted in full. */
export function stepFlops(s: BenchShape): number {
  const n = s.batch * s.length;
  const headDim = s.hidden / s.heads;
  const kv = s.kvHeads * headDim;
  const base = 2 * s.hidden * s.hidden + 2 * s.hidden * kv + 3 * s.hidden * s.feedForward;
  const lora = s.rank * (4 * s.hidden + 2 * (s.hidden + kv) + 3 * (s.hidden + s.feedForward));
  const mixing = 2 * s.length * s.hidden;
  return 2 * n * (s.layers * (2 * base + 3 * lora + 3.5 * mixing) + 3 * s.hidden * s.vocabulary);
}

function random(rows: number, columns: number, spread: number): Matrix {
  return tf.randomNormal<tf.Rank.R2>([rows, columns], 0, spread, 'float32', rows * 31 + columns);
}
