import * as tf from '@tensorflow/tfjs-core';
import { embedding, type Indices, type Matrix } from '../tensor/index.js';
import type { Forward, Rows } from './forward.js';
import { gpt2Block } from './gpt2-block.js';
import { outerNames } from './layout.js';
import { llamaBlock } from './llama-block.js';
import type { ModelConfig } from './model-config.js';
import { normalize } from './normalize.js';
import { asMatrix } from './ranks.js';

/** Token embeddings of `ids` [n] -> [n, hidden], before any scaling; learned positions are added by {@link enter}. */
export function embedTokens(config: ModelConfig, forward: Forward, ids: Indices): Matrix {
  const { embedding: name } = outerNames(config);
  return embedding(asMatrix(forward.tensor(name)), ids, { trainable: forward.trains(name) });
}

/** What the first block reads: embeddings scaled (gemma2) or with learned positions added (gpt2). */
export function enter(config: ModelConfig, forward: Forward, embedded: Matrix, rows: Rows): Matrix {
  const { positions: name } = outerNames(config);
  if (name !== undefined) {
    const table = asMatrix(forward.tensor(name));
    return tf.add(embedded, embedding(table, rows.positions, { trainable: forward.trains(name) }));
  }
  return config.embeddingScale === 1 ? embedded : tf.mul(embedded, config.embeddingScale);
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
  const { head } = outerNames(config);
  return { weight: asMatrix(forward.tensor(head)), trainable: forward.trains(head) };
}
