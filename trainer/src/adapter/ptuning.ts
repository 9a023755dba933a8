import * as tf from '@tensorflow/tfjs-core';
import { asMatrix, type ModelConfig } from '../model/index.js';
import type { Matrix } from '../tensor/index.js';
import { encoderLinear } from './encoder-linear.js';
import { lstm, lstmTensors } from './lstm.js';
import type { PromptMethod } from './prompt-adapter.js';
import { embeddingTable, linearTensors, type PromptEncoder } from './prompt-encoder.js';

export interface PtuningOptions {
  /** At least 1. */
  readonly virtualTokens: number;
  readonly encoder: 'mlp' | 'lstm';
  readonly hiddenSize: number;
  /** Layers of the LSTM; the MLP always has three. */
  readonly encoderLayers: number;
  /** Between the layers of the LSTM, [0, 1). */
  readonly encoderDropout: number;
}

/** P-Tuning (Liu et al. 2021): embeddings of virtual tokens, re-parameterized by an MLP or a bidirectional LSTM. */
export function ptuning(config: ModelConfig, options: PtuningOptions): PromptMethod {
  const { virtualTokens, encoder, hiddenSize, encoderLayers, encoderDropout } = options;
  return {
    kind: 'rows',
    virtualTokens,
    encoder:
      encoder === 'mlp' ? mlpEncoder(config.hiddenSize, options) : lstmEncoder(config.hiddenSize, options),
    fields: {
      peft_type: 'P_TUNING',
      encoder_dropout: encoderDropout,
      encoder_hidden_size: hiddenSize,
      encoder_num_layers: encoderLayers,
      encoder_reparameterization_type: encoder.toUpperCase(),
      num_attention_heads: config.heads,
      token_dim: config.hiddenSize,
    },
  };
}

function mlpEncoder(width: number, { virtualTokens, hiddenSize }: PtuningOptions): PromptEncoder {
  return {
    tensors: [
      embeddingTable(virtualTokens, width),
      ...linearTensors('mlp_head.0', width, hiddenSize),
      ...linearTensors('mlp_head.2', hiddenSize, hiddenSize),
      ...linearTensors('mlp_head.4', hiddenSize, width),
    ],
    encode: (parameters) => {
      let x: Matrix = asMatrix(parameters.tensor('embedding.weight'));
      x = tf.relu(encoderLinear(parameters, 'mlp_head.0', x));
      x = tf.relu(encoderLinear(parameters, 'mlp_head.2', x));
      return encoderLinear(parameters, 'mlp_head.4', x);
    },
  };
}

function lstmEncoder(width: number, options: PtuningOptions): PromptEncoder {
  const { virtualTokens, hiddenSize, encoderLayers, encoderDropout } = options;
  return {
    tensors: [
      embeddingTable(virtualTokens, width),
      ...lstmTensors('lstm_head', width, hiddenSize, encoderLayers),
      ...linearTensors('mlp_head.0', 2 * hiddenSize, 2 * hiddenSize),
      ...linearTensors('mlp_head.2', 2 * hiddenSize, width),
    ],
    encode: (parameters, { dropoutSeed }) => {
      const table = asMatrix(parameters.tensor('embedding.weight'));
      const dropout =
        dropoutSeed === undefined || encoderDropout === 0
          ? undefined
          : { rate: encoderDropout, seed: dropoutSeed };
      const states = lstm(parameters, 'lstm_head', table, encoderLayers, dropout);
      return encoderLinear(
        parameters,
        'mlp_head.2',
        tf.relu(encoderLinear(parameters, 'mlp_head.0', states)),
      );
    },
  };
}
