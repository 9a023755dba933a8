import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoraConfig, MethodConfig, MethodType } from '@tuneyard/proto';
import { UserError } from '../../errors.js';
import { readModelConfig, tensorSpecs, writeSafetensors, type TokenBatch } from '../../model/index.js';
import { Random } from '../../support/index.js';

const LLAMA = {
  model_type: 'llama',
  vocab_size: 60,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  initializer_range: 0.2,
};

/** Configurations of small models, one an architecture; their weights are random. */
export const TINY_MODELS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  llama: LLAMA,
  qwen2: { ...LLAMA, model_type: 'qwen2', tie_word_embeddings: true },
  qwen3: { ...LLAMA, model_type: 'qwen3', head_dim: 12 },
  mistral: { ...LLAMA, model_type: 'mistral', sliding_window: 5 },
  gemma2: { ...LLAMA, model_type: 'gemma2', head_dim: 8, query_pre_attn_scalar: 8, sliding_window: 4 },
  gpt2: {
    model_type: 'gpt2',
    vocab_size: 60,
    n_embd: 32,
    n_layer: 2,
    n_head: 4,
    n_positions: 64,
    initializer_range: 0.2,
  },
};

/** A folder with a configuration and random weights, for the caller to delete. */
export function tinyModelFolder(
  architecture = 'llama',
  overrides: Readonly<Record<string, unknown>> = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), `tiny-${architecture}-`));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...TINY_MODELS[architecture], ...overrides }));
  try {
    writeRandomWeights(folder);
  } catch (error) {
    // A damaged configuration has no weights.
    if (!(error instanceof UserError)) throw error;
  }
  return folder;
}

/** Weights for the configuration in a folder. */
export function writeRandomWeights(folder: string): void {
  const tensors = tensorSpecs(readModelConfig(folder)).map(({ name, shape, initial }) => {
    const data = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
    if ('constant' in initial) data.fill(initial.constant);
    else new Random(0, name).fillNormal(data, initial.deviation);
    return { name, shape, type: 'F32' as const, data };
  });
  writeSafetensors(join(folder, 'model.safetensors'), tensors);
}

export function loraMethod(
  overrides: Partial<LoraConfig> = {},
  type = MethodType.METHOD_TYPE_LORA,
): MethodConfig {
  const lora = LoraConfig.fromPartial({
    rank: 4,
    alpha: 8,
    targetModules: ['all-linear'],
    variant: 'standard',
    init: 'kaiming',
    loraPlusRatio: 1,
    ...overrides,
  });
  return MethodConfig.fromPartial({ type, lora });
}

const ptuning = (encoder: string) =>
  MethodConfig.fromPartial({
    type: MethodType.METHOD_TYPE_PTUNING,
    ptuning: { virtualTokens: 3, encoder, hiddenSize: 10, encoderLayers: 2, encoderDropout: 0.2 },
  });
const prefix = (projection: boolean) =>
  MethodConfig.fromPartial({
    type: MethodType.METHOD_TYPE_PTUNING_V2,
    prefix: { virtualTokens: 3, projection, hiddenSize: 6 },
  });

/** Every method, with dropout where it has some. */
export const METHODS: Readonly<Record<string, MethodConfig>> = {
  lora: loraMethod({ dropout: 0.2, loraPlusRatio: 4 }),
  rslora: loraMethod({ variant: 'rslora', init: 'gaussian' }),
  dora: loraMethod({ variant: 'dora', dropout: 0.2 }),
  'dora and rslora by layer': loraMethod({
    dora: true,
    variant: 'rslora',
    rankPattern: { '.*0.*': 2 },
    alphaPattern: { '.*1.*': 5 },
  }),
  'lora with embedding, head and norms': loraMethod({
    modulesToSave: ['embed_tokens', 'lm_head', 'norm'],
  }),
  qlora: loraMethod({ dropout: 0.2 }, MethodType.METHOD_TYPE_QLORA),
  'p-tuning mlp': ptuning('mlp'),
  'p-tuning lstm': ptuning('lstm'),
  prefix: prefix(false),
  'prefix projection': prefix(true),
  prompt: MethodConfig.fromPartial({
    type: MethodType.METHOD_TYPE_PROMPT,
    prompt: { virtualTokens: 3, init: 'vocabulary', initText: '' },
  }),
  full: MethodConfig.fromPartial({ type: MethodType.METHOD_TYPE_FULL }),
};

/** Random sequences of the given lengths, all labelled, each a row of its own. */
export function randomSequences(lengths: readonly number[], seed: number): Int32Array[] {
  const random = new Random(seed, 'sequences');
  return lengths.map((length) => Int32Array.from({ length }, () => random.integer(60)));
}

/** Rows of packed sequences: each inner list is one row. */
export function packedBatch(rows: readonly (readonly Int32Array[])[]): TokenBatch {
  const length = Math.max(...rows.map((row) => row.reduce((sum, sequence) => sum + sequence.length, 0))) + 1;
  const size = rows.length * length;
  const batch = {
    batch: rows.length,
    length,
    inputIds: new Int32Array(size),
    labels: new Int32Array(size).fill(-100),
    positionIds: new Int32Array(size),
    segmentIds: new Int32Array(size),
  };
  for (const [row, sequences] of rows.entries()) {
    let at = row * length;
    for (const [index, sequence] of sequences.entries()) {
      for (const [position, id] of sequence.entries()) {
        batch.inputIds[at] = id;
        batch.labels[at] = id;
        batch.positionIds[at] = position;
        batch.segmentIds[at] = index + 1;
        at++;
      }
    }
  }
  return batch;
}
