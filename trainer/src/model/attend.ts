import { attention, type Matrix } from '../tensor/index.js';
import type { Forward, Rows } from './forward.js';
import type { ModelConfig } from './model-config.js';

/** The attention of one layer over rotated queries and keys, with the layer's window, softcap and prefix. */
export function attend(
  config: ModelConfig,
  forward: Forward,
  layer: number,
  { query, key, value }: { query: Matrix; key: Matrix; value: Matrix },
  rows: Rows,
): Matrix {
  const window = config.windows[layer] ?? 0;
  const prefix = forward.prefix?.(layer);
  return attention(query, key, value, {
    batch: rows.batch,
    length: rows.length,
    heads: config.heads,
    kvHeads: config.keyValueHeads,
    headDim: config.headDim,
    scale: config.attentionScale,
    segmentIds: rows.segments,
    window: window > 0 ? window : undefined,
    softcap: config.attentionSoftcap > 0 ? config.attentionSoftcap : undefined,
    prefixKeys: prefix?.keys,
    prefixValues: prefix?.values,
  });
}
