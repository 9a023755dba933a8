import * as tf from '@tensorflow/tfjs-core';
import { asMatrix, type ModelConfig } from '../model/index.js';
import { encoderLinear } from './encoder-linear.js';
import type { PromptMethod } from './prompt-adapter.js';
import { embeddingTable, linearTensors, type PromptEncoder } from './prompt-encoder.js';

export interface PrefixTuningOptions {
  /** At least 1. */
  readonly virtualTokens: number;
  /** Makes the prefix from a smaller table by a two-layer network. */
  readonly projection: boolean;
  /** Of that network; 0 = the width of a layer's keys. */
  readonly hiddenSize: number;
}

/**
 * Prefix tuning (Li and Liang 2021; P-Tuning v2): trained keys and values before those of the tokens in every
 * layer. They are not rotated; the tokens' positions start after them.
 */
export function prefixTuning(config: ModelConfig, options: PrefixTuningOptions): PromptMethod {
  const { virtualTokens, projection } = options;
  const width = config.keyValueHeads * config.headDim;
  const hiddenSize = options.hiddenSize || width;
  const outputs = 2 * config.layers * width;
  return {
    kind: 'prefix',
    virtualTokens,
    encoder: projection
      ? projected(virtualTokens, width, hiddenSize, outputs)
      : {
          tensors: [embeddingTable(virtualTokens, outputs)],
          encode: (parameters) => tf.clone(asMatrix(parameters.tensor('embedding.weight'))),
        },
    fields: {
      peft_type: 'PREFIX_TUNING',
      encoder_hidden_size: hiddenSize,
      init_weights: null,
      num_attention_heads: config.keyValueHeads,
      prefix_projection: projection,
      token_dim: width,
    },
  };
}

function projected(virtualTokens: number, width: number, hiddenSize: number, outputs: number): PromptEncoder {
  return {
    tensors: [
      embeddingTable(virtualTokens, width),
      ...linearTensors('transform.0', width, hiddenSize),
      ...linearTensors('transform.2', hiddenSize, outputs),
    ],
    encode: (parameters) => {
      const table = asMatrix(parameters.tensor('embedding.weight'));
      return encoderLinear(
        parameters,
        'transform.2',
        tf.tanh(encoderLinear(parameters, 'transform.0', table)),
      );
    },
  };
}
