import * as tf from '@tensorflow/tfjs-core';
import { geglu, residual, rmsNorm, rope, swiglu, type Matrix } from '../tensor/index.js';
import { attend } from './attend.js';
import { exactGelu } from './exact-gelu.js';
import type { Forward, Rows } from './forward.js';
import { blockName, llamaModules } from './layout.js';
import type { ModelConfig } from './model-config.js';
import { normalize } from './normalize.js';
import { asVector } from './ranks.js';

/**
 * The block of llama, mistral, qwen2 (biases), qwen3 (norm over each query and key head) and gemma2 (a norm before
 * and after attention and feed-forward).
 */
export function llamaBlock(
  config: ModelConfig,
  forward: Forward,
  layer: number,
  hidden: Matrix,
  rows: Rows,
): Matrix {
  const name = blockName(config, layer);
  const sandwich = config.architecture === 'gemma2';
  const norm = (suffix: string, x: Matrix) => normalize(config, forward, `${name}.${suffix}`, x);
  const modules = llamaModules(config, layer);

  const attentionInput = norm('input_layernorm', hidden);
  const query = forward.linear(modules.query, attentionInput);
  const key = forward.linear(modules.key, attentionInput);
  const value = forward.linear(modules.value, attentionInput);
  const mixed = attend(
    config,
    forward,
    layer,
    {
      query: rotated(config, headNorm(config, forward, `${name}.self_attn.q_norm`, query), rows),
      key: rotated(config, headNorm(config, forward, `${name}.self_attn.k_norm`, key), rows),
      value,
    },
    rows,
  );
  const attended = forward.linear(modules.output, mixed);
  const middle = residual(hidden, sandwich ? norm('post_attention_layernorm', attended) : attended);

  const mlpInput = norm(sandwich ? 'pre_feedforward_layernorm' : 'post_attention_layernorm', middle);
  const activated = gated(
    config,
    forward.linear(modules.gate, mlpInput),
    forward.linear(modules.up, mlpInput),
  );
  const fed = forward.linear(modules.down, activated);
  return residual(middle, sandwich ? norm('post_feedforward_layernorm', fed) : fed);
}

function gated(config: ModelConfig, gate: Matrix, up: Matrix): Matrix {
  switch (config.activation) {
    case 'silu':
      return swiglu(gate, up);
    case 'gelu_tanh':
      return geglu(gate, up);
    default:
      return tf.mul<Matrix>(exactGelu(gate), up);
  }
}

function rotated(config: ModelConfig, x: Matrix, rows: Rows): Matrix {
  return rows.rope ? rope(x, rows.positions, rows.rope, config.headDim) : x;
}

/** RMSNorm over each head of x [n, heads * headDim]. */
function headNorm(config: ModelConfig, forward: Forward, name: string, x: Matrix): Matrix {
  if (!config.queryKeyNorm) return x;
  const [n, width] = x.shape;
  const heads = tf.reshape<tf.Rank.R2>(x, [(n * width) / config.headDim, config.headDim]);
  const weight = asVector(forward.tensor(`${name}.weight`));
  const normed = rmsNorm(heads, weight, config.normEpsilon, { trainable: forward.trains(`${name}.weight`) });
  return tf.reshape(normed, [n, width]);
}
