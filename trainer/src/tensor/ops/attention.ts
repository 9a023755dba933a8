import * as tf from '@tensorflow/tfjs-core';
import { checkIndices, checkShape } from '../checks.js';
import { withGradient } from '../custom-gradient.js';
import { FUSED } from '../fused-kernels.js';
import { hasKernel, present, runGradient } from '../kernel.js';
import type { Indices, Matrix, Vector } from '../types.js';

export interface AttentionOptions {
  /** Rows of q, k, v are tokens of `batch` sequences of `length` each. */
  readonly batch: number;
  readonly length: number;
  readonly heads: number;
  /** Divides `heads`; head h reads key/value head floor(h * kvHeads / heads). */
  readonly kvHeads: number;
  readonly headDim: number;
  /** Factor of the scores, usually headDim^-0.5. */
  readonly scale: number;
  /** Sliding window: position i sees j with i - j < window. Default: no window. */
  readonly window?: number | undefined;
  /** Scores become softcap * tanh(score / softcap) after scaling (Gemma 2). Default: no cap. */
  readonly softcap?: number | undefined;
  /** int32 [batch * length]; tokens attend within their segment only, 0 = padding. Default: one segment. */
  readonly segmentIds?: Indices | undefined;
  /** [prefix, kvHeads * headDim], both or none: visible to every position of every sequence (prefix tuning). */
  readonly prefixKeys?: Matrix | undefined;
  readonly prefixValues?: Matrix | undefined;
}

/**
 * Causal grouped-query attention: softmax(scale * q k^T, masked) v per head.
 * q [batch*length, heads*headDim]; k, v [batch*length, kvHeads*headDim]; result like q. Positions are applied before
 * (see `rope`). Gradients to q, k, v and to prefix keys and values. Padding rows come out finite and arbitrary.
 */
export function attention(q: Matrix, k: Matrix, v: Matrix, options: AttentionOptions): Matrix {
  checkAttention(q, k, v, options);
  return hasKernel(FUSED.attention) ? attentionFused(q, k, v, options) : attentionComposed(q, k, v, options);
}

/** Scores exist for a block of rows of one head at a time, in both passes. */
function attentionFused(q: Matrix, k: Matrix, v: Matrix, options: AttentionOptions): Matrix {
  const { batch, length, heads, kvHeads, headDim, scale, window = 0, softcap = 0 } = options;
  const { segmentIds, prefixKeys, prefixValues } = options;
  const attrs = { batch, length, heads, kvHeads, headDim, scale, window, softcap };
  const prefixes = prefixKeys === undefined || prefixValues === undefined ? [] : [prefixKeys, prefixValues];
  const inputs = { q, k, v, segmentIds, prefixKeys, prefixValues };
  return withGradient<Matrix>([q, k, v, ...prefixes], () => {
    const [y, logSums] = tf.engine().runKernel<[Matrix, Vector]>(FUSED.attention, present(inputs), attrs);
    return {
      value: y,
      saved: { ...inputs, logSums },
      gradient: (dy, saved) => runGradient(FUSED.attentionGrad, { dy, ...saved }, attrs),
    };
  });
}

function checkAttention(q: Matrix, k: Matrix, v: Matrix, options: AttentionOptions): void {
  const { batch, length, heads, kvHeads, headDim, prefixKeys, prefixValues, segmentIds } = options;
  const n = batch * length;
  if (heads % kvHeads !== 0)
    throw new TypeError(`attention: ${heads} heads do not share ${kvHeads} key/value heads evenly`);
  checkShape('attention', 'q', q, [n, heads * headDim]);
  checkShape('attention', 'k', k, [n, kvHeads * headDim]);
  checkShape('attention', 'v', v, [n, kvHeads * headDim]);
  if (segmentIds !== undefined) checkIndices('attention', 'segmentIds', segmentIds, n);
  if ((prefixKeys === undefined) !== (prefixValues === undefined))
    throw new TypeError('attention: prefixKeys and prefixValues come together');
  if (prefixKeys !== undefined && prefixValues !== undefined) {
    checkShape('attention', 'prefixKeys', prefixKeys, [null, kvHeads * headDim]);
    checkShape('attention', 'prefixValues', prefixValues, prefixKeys.shape);
  }
}

/** Reference version in plain ops: holds all scores [batch, heads, length, prefix + length]. */
function attentionComposed(q: Matrix, k: Matrix, v: Matrix, options: AttentionOptions): Matrix {
  const { batch, length, heads, kvHeads, headDim, scale, softcap, prefixKeys, prefixValues } = options;
  const prefix = prefixKeys?.shape[0] ?? 0;
  const query = toHeads(q, batch, length, heads, headDim);
  const key = sharedHeads(
    withPrefix(toHeads(k, batch, length, kvHeads, headDim), prefixKeys, options),
    options,
  );
  const value = sharedHeads(
    withPrefix(toHeads(v, batch, length, kvHeads, headDim), prefixValues, options),
    options,
  );

  let scores: tf.Tensor = tf.mul(tf.matMul(query, key, false, true), scale);
  if (softcap !== undefined) scores = tf.mul(tf.tanh(tf.div(scores, softcap)), softcap);
  const masked = tf.add(scores, attentionMask(options, prefix));
  const mixed = tf.matMul(tf.softmax(masked), value);
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch * length, heads * headDim]);
}

/** [batch*length, heads*headDim] -> [batch, heads, length, headDim] */
function toHeads(x: Matrix, batch: number, length: number, heads: number, headDim: number): tf.Tensor4D {
  return tf.transpose(tf.reshape(x, [batch, length, heads, headDim]), [0, 2, 1, 3]);
}

/** Puts the prefix [prefix, kvHeads*headDim] before the positions of every sequence. */
function withPrefix(x: tf.Tensor4D, prefix: Matrix | undefined, options: AttentionOptions): tf.Tensor4D {
  if (prefix === undefined) return x;
  const { batch, kvHeads, headDim } = options;
  const heads = toHeads(prefix, 1, prefix.shape[0], kvHeads, headDim);
  return tf.concat([tf.tile(heads, [batch, 1, 1, 1]), x], 2);
}

/** Repeats each key/value head for the query heads that share it: [batch, heads, positions, headDim]. */
function sharedHeads(x: tf.Tensor4D, options: AttentionOptions): tf.Tensor4D {
  const repeats = options.heads / options.kvHeads;
  if (repeats === 1) return x;
  const [batch, kvHeads, positions, headDim] = x.shape;
  const copies = Array.from({ length: repeats }, () => x);
  return tf.reshape(tf.stack(copies, 2), [batch, kvHeads * repeats, positions, headDim]);
}

/** 0 where position i may see j, a large negative number elsewhere: [batch, 1, length, prefix + length]. */
function attentionMask(options: AttentionOptions, prefix: number): tf.Tensor4D {
  const { batch, length, window = Infinity, segmentIds } = options;
  const segments = segmentIds?.dataSync<'int32'>();
  const columns = prefix + length;
  const mask = new Float32Array(batch * length * columns);
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < length; i++)
      for (let j = 0; j < length; j++) {
        const own = segments?.[b * length + i] ?? 1;
        const other = segments?.[b * length + j] ?? 1;
        const visible = j <= i && i - j < window && own === other && own !== 0;
        if (!visible) mask[(b * length + i) * columns + prefix + j] = -1e9;
      }
  return tf.tensor4d(mask, [batch, 1, length, columns]);
}
