import * as tf from '@tensorflow/tfjs-core';
import { gelu, residual, type Matrix } from '../tensor/index.js';
import { attend } from './attend.js';
import { exactGelu } from './exact-gelu.js';
import type { Forward, Rows } from './forward.js';
import { blockName, gpt2Modules } from './layout.js';
import type { ModelConfig } from './model-config.js';
import { normalize } from './normalize.js';

/** GPT-2's block: LayerNorm, one fused projection to queries, keys and values, no rotation, an ungated feed-forward. */
export function gpt2Block(
  config: ModelConfig,
  forward: Forward,
  layer: number,
  hidden: Matrix,
  rows: Rows,
): Matrix {
  const name = blockName(config, layer);
  const { fused, output, widen, narrow } = gpt2Modules(config, layer);
  const n = hidden.shape[0];
  const width = config.hiddenSize;

  const projected = forward.linear(fused, normalize(config, forward, `${name}.ln_1`, hidden));
  const part = (index: number) => tf.slice2d(projected, [0, index * width], [n, width]);
  const mixed = attend(config, forward, layer, { query: part(0), key: part(1), value: part(2) }, rows);
  const middle = residual(hidden, forward.linear(output, mixed));

  const widened = forward.linear(widen, normalize(config, forward, `${name}.ln_2`, middle));
  const activated = activate(config, widened);
  return residual(middle, forward.linear(narrow, activated));
}

function activate(config: ModelConfig, x: Matrix): Matrix {
  switch (config.activation) {
    case 'gelu_tanh':
      return gelu(x);
    case 'gelu':
      return exactGelu(x);
    default:
      return tf.mul<Matrix>(x, tf.sigmoid(x));
  }
}
