import * as tf from '@tensorflow/tfjs-core';
import { asMatrix, type ModelConfig } from '../model/index.js';
import type { PromptMethod } from './prompt-adapter.js';
import { embeddingTable } from './prompt-encoder.js';

/** A prompt method whose embeddings are given as they are, without the encoder that made them. */
export function storedPrompt(method: PromptMethod, config: ModelConfig): PromptMethod {
  const prefixWidth = 2 * config.layers * config.keyValueHeads * config.headDim;
  const width = method.kind === 'rows' ? config.hiddenSize : prefixWidth;
  return {
    ...method,
    encoder: {
      tensors: [embeddingTable(method.virtualTokens, width)],
      encode: (parameters) => tf.clone(asMatrix(parameters.tensor('embedding.weight'))),
    },
  };
}
