import * as tf from '@tensorflow/tfjs-core';
import { embedding, withGradient, type Matrix } from '../tensor/index.js';
import type { Forward, Rows } from './forward.js';
import { gpt2Block } from './gpt2-block.js';
import { outerNames } from './layout.js';
import { HEAD } from './module-names.js';
import { llamaBlock } from './llama-block.js';
import type { ModelConfig } from './model-config.js';
import { normalize } from './normalize.js';
import { asMatrix } from './ranks.js';

/**
 * Token embeddings of `ids` [n] -> [n, hidden], scaled where the architecture does (gemma2; virtual tokens that join
 * them later are not scaled). Learned positions are added by {@link enter}.
 */
export function embedTokens(config: ModelConfig, forward: Forward, ids: Int32Array): Matrix {
  const { embedding: name } = outerNames(config);
  const embedded = lookUp(forward.tensor(name), ids, forward.trains(name) ? config.paddingId : undefined, {
    trainable: forward.trains(name),
  });
  return config.embeddingScale === 1 ? embedded : tf.mul(embedded, config.embeddingScale);
}

/** Rows of the table by id. Looking up the padding id trains nothing, as with torch's `padding_idx`. */
function lookUp(
  tensor: tf.Tensor,
  ids: Int32Array,
  paddingId: number | undefined,
  options: { readonly trainable: boolean },
): Matrix {
  const table = asMatrix(tensor);
  const index = tf.tensor1d(ids, 'int32');
  const rows = embedding(table, index, options);
  if (paddingId === undefined || !ids.includes(paddingId)) return rows;
  const trains = Float32Array.from(ids, (id) => (id === paddingId ? 0 : 1));
  return withGradient([rows], () => ({
    value: rows.clone(),
    saved: { mask: tf.tensor2d(trains, [ids.length, 1]) },
    gradient: (dy, { mask }) => [tf.mul(dy, mask)],
  }));
}

/** What the first block reads: the embeddings, with learned positions added where there are some (gpt2). */
export function enter(config: ModelConfig, forward: Forward, embedded: Matrix, rows: Rows): Matrix {
  const { positions: name } = outerNames(config);
  if (name === undefined) return embedded;
  const table = asMatrix(forward.tensor(name));
  return tf.add(embedded, embedding(table, rows.positions, { trainable: forward.trains(name) }));
}

/** One transformer block, hidden states [batch * length, hidden] -> the same shape. */
export function runBlock(
  config: ModelConfig,
  forward: Forward,
  layer: number,
  hidden: Matrix,
  rows: Rows,
): Matrix {
  return config.architecture === 'gpt2'
    ? gpt2Block(config, forward, layer, hidden, rows)
    : llamaBlock(config, forward, layer, hidden, rows);
}

/** The norm after the last block; what the head reads. */
export function leave(config: ModelConfig, forward: Forward, hidden: Matrix): Matrix {
  return normalize(config, forward, outerNames(config).finalNorm, hidden);
}

/** The head's weight [vocabulary, hidden]. */
export function headWeight(config: ModelConfig, forward: Forward): { weight: Matrix; trainable: boolean } {
  const head = forward.headApart ? HEAD : outerNames(config).head;
  return { weight: asMatrix(forward.tensor(head)), trainable: forward.trains(head) };
}
