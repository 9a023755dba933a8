import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../errors.js';
import { asMatrix, outerNames, type BaseModel, type ModelConfig } from '../model/index.js';
import { Random } from '../support/index.js';
import type { ParameterVector } from './parameter-vector.js';
import type { PromptMethod } from './prompt-adapter.js';
import { embeddingTable } from './prompt-encoder.js';

export interface PromptTuningOptions {
  /** At least 1. */
  readonly virtualTokens: number;
  readonly init: 'random' | 'vocabulary' | 'text';
  /** The text that the embeddings start from, when `init` is `text`. */
  readonly initText: string;
}

/** Prompt tuning (Lester et al. 2021): one embedding a virtual token, nothing else. */
export function promptTuning(config: ModelConfig, options: PromptTuningOptions): PromptMethod {
  const { virtualTokens, init, initText } = options;
  return {
    kind: 'rows',
    virtualTokens,
    encoder: {
      tensors: [embeddingTable(virtualTokens, config.hiddenSize)],
      encode: (parameters) => tf.clone(asMatrix(parameters.tensor('embedding.weight'))),
    },
    fields: {
      peft_type: 'PROMPT_TUNING',
      num_attention_heads: config.heads,
      prompt_tuning_init: { random: 'RANDOM', vocabulary: 'SAMPLE_VOCAB', text: 'TEXT' }[init],
      prompt_tuning_init_text: init === 'text' ? initText : null,
      token_dim: config.hiddenSize,
      tokenizer_kwargs: null,
      tokenizer_name_or_path: null,
    },
  };
}

/**
 * Starts the prompt from rows of the model's embedding: of random ids, or of a text's, repeated or cut to length.
 * Random starts are left as they are.
 */
export function startFromTokens(
  parameters: ParameterVector,
  model: BaseModel,
  { init, initText, virtualTokens }: PromptTuningOptions,
  seed: number,
  tokenize: ((text: string) => readonly number[]) | undefined,
): void {
  if (init === 'random') return;
  const ids = init === 'text' ? textIds(initText, tokenize) : randomIds(model.config, virtualTokens, seed);
  const table = model.weights.tensor(outerNames(model.config).embedding);
  const chosen = Array.from({ length: virtualTokens }, (_, index) => ids[index % ids.length] ?? 0);
  const scale = model.config.embeddingScale;
  const rows = tf.tidy(() =>
    tf.mul(tf.gather(table, tf.tensor1d(chosen, 'int32')), scale).dataSync<'float32'>(),
  );
  parameters.view('embedding.weight').set(rows);
  parameters.changed();
}

function textIds(
  text: string,
  tokenize: ((text: string) => readonly number[]) | undefined,
): readonly number[] {
  if (!tokenize) throw new UserError('method.prompt.init: "text" needs the tokenizer of the model.');
  const ids = tokenize(text);
  if (ids.length === 0) throw new UserError('method.prompt.initText holds no token.');
  return ids;
}

function randomIds({ vocabularySize }: ModelConfig, count: number, seed: number): number[] {
  const random = new Random(seed, 'prompt.vocabulary');
  return Array.from({ length: count }, () => random.integer(vocabularySize));
}
