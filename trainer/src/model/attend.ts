import * as tf from '@tensorflow/tfjs-core';
import { attention, embedding, type AttentionOptions, type Matrix } from '../tensor/index.js';
import type { Forward, Rows, RowsWithPrefix } from './forward.js';
import type { Projections } from './key-value-cache.js';
import type { ModelConfig } from './model-config.js';

/** The attention of one layer over rotated queries and keys, with the layer's window, softcap and prefix. */
export function attend(
  config: ModelConfig,
  forward: Forward,
  layer: number,
  { query, key, value }: Projections,
  rows: Rows,
): Matrix {
  const window = config.windows[layer] ?? 0;
  const prefix = forward.prefix?.(layer);
  const options = {
    batch: rows.batch,
    length: rows.length,
    heads: config.heads,
    kvHeads: config.keyValueHeads,
    headDim: config.headDim,
    scale: config.attentionScale,
    segmentIds: rows.segments,
    window: window > 0 ? window : undefined,
    softcap: config.attentionSoftcap > 0 ? config.attentionSoftcap : undefined,
  };
  if (rows.cache?.stepping) return rows.cache.attend(layer, { query, key, value }, options);
  const withPrefix = { ...options, prefixKeys: prefix?.keys, prefixValues: prefix?.values };
  rows.cache?.fill(layer, { query, key, value }, withPrefix);
  if (prefix && window > 0 && rows.withPrefix) {
    const extended = {
      query,
      key: tf.concat2d([key, prefix.keys], 0),
      value: tf.concat2d([value, prefix.values], 0),
    };
    return attendWithPrefixRows(extended, options, rows.withPrefix);
  }
  return attention(query, key, value, withPrefix);
}

/**
 * A window counts the prefix as positions before the tokens, so that later tokens no longer see it: the prefix
 * becomes rows, and the rows of the tokens are taken out again.
 */
function attendWithPrefixRows(
  { query, key, value }: Projections,
  options: AttentionOptions,
  { length, sources, querySources, segments, places }: RowsWithPrefix,
): Matrix {
  const spread = (rows: Matrix, from: tf.Tensor1D) => embedding(rows, from, { trainable: true });
  const mixed = attention(spread(query, querySources), spread(key, sources), spread(value, sources), {
    ...options,
    length,
    segmentIds: segments,
  });
  return spread(mixed, places);
}
