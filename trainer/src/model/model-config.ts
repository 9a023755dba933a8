import { join } from 'node:path';
import { UserError } from '../errors.js';
import { JsonFields, readJsonFile } from '../support/index.js';
import { readRopeConfig } from './read-rope-config.js';
import type { RopeConfig } from './rope.js';
import { refuseUnknownFields } from './unknown-fields.js';

export const ARCHITECTURES = ['llama', 'qwen2', 'qwen3', 'mistral', 'gpt2', 'gemma2'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** A decoder-only transformer as config.json describes it, every default filled in. */
export interface ModelConfig {
  readonly architecture: Architecture;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  /** Key and value heads; divides `heads`. */
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly maxPositions: number;
  readonly normEpsilon: number;
  readonly activation: 'silu' | 'gelu_tanh' | 'gelu';
  /** Absent where positions are learned (gpt2). */
  readonly rope?: RopeConfig;
  readonly queryKeyValueBias: boolean;
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
  /** RMSNorm over each head of queries and keys before RoPE (qwen3). */
  readonly queryKeyNorm: boolean;
  /** Per layer: a token sees itself and `window - 1` tokens before it; 0 = all. */
  readonly windows: readonly number[];
  /** Scores are multiplied by this. */
  readonly attentionScale: number;
  /** cap x tanh(score / cap); 0 = off. */
  readonly attentionSoftcap: number;
  readonly logitSoftcap: number;
  /** The embedding row that looking up does not train (torch's `padding_idx`). */
  readonly paddingId?: number;
  /** Token embeddings are multiplied by this. */
  readonly embeddingScale: number;
  /** The head is the embedding matrix. */
  readonly tiedHead: boolean;
  /** Standard deviation of fresh weights. */
  readonly initializerRange: number;
}

/** @throws UserError naming the field when config.json is malformed or asks for something unsupported. */
export function readModelConfig(folder: string): ModelConfig {
  const path = join(folder, 'config.json');
  const json = readJsonFile(path);
  const fields = new JsonFields(json, path);
  const architecture = fields.string('model_type', 'none');
  if (!isArchitecture(architecture)) {
    throw new UserError(
      `${path}: architecture "${architecture}" is not supported; supported are ${ARCHITECTURES.join(', ')}.`,
    );
  }
  if (fields.has('quantization_config')) {
    throw new UserError(`${path}: already quantized weights are not supported; use the unquantized model.`);
  }
  refuseUnknownFields(json, architecture, path);
  refuseGiants(fields, path);
  return architecture === 'gpt2' ? gpt2Config(fields, path) : llamaFamilyConfig(architecture, fields, path);
}

/** Many times what the largest published models have: what is larger would only fill the memory with names of tensors. */
const LARGEST: Readonly<Record<string, number>> = {
  num_hidden_layers: 4096,
  n_layer: 4096,
  num_attention_heads: 65_536,
  n_head: 65_536,
  num_key_value_heads: 65_536,
  head_dim: 65_536,
  hidden_size: 1 << 20,
  n_embd: 1 << 20,
  intermediate_size: 1 << 22,
  n_inner: 1 << 22,
  vocab_size: 1 << 24,
  n_positions: 1 << 24,
};

function refuseGiants(fields: JsonFields, path: string): void {
  for (const [name, most] of Object.entries(LARGEST)) {
    const value = fields.raw(name);
    if (typeof value === 'number' && value > most)
      throw new UserError(`${path}: field "${name}" is ${value}; at most ${most} are supported.`);
  }
}

function isArchitecture(name: string): name is Architecture {
  return (ARCHITECTURES as readonly string[]).includes(name);
}

function llamaFamilyConfig(
  architecture: Exclude<Architecture, 'gpt2'>,
  fields: JsonFields,
  path: string,
): ModelConfig {
  const hiddenSize = fields.count('hidden_size');
  const layers = fields.count('num_hidden_layers');
  const heads = fields.count('num_attention_heads');
  const keyValueHeads = fields.count('num_key_value_heads', heads);
  const headDim = fields.count('head_dim', architecture === 'qwen3' ? 128 : hiddenSize / heads);
  const gemma = architecture === 'gemma2';
  if (heads % keyValueHeads !== 0) throw fields.wrong('num_key_value_heads', `a divisor of ${heads}`);
  if (headDim % 2 !== 0) throw fields.wrong('head_dim', 'even');
  const attentionBias = fields.boolean('attention_bias', false);
  return {
    architecture,
    vocabularySize: fields.count('vocab_size'),
    hiddenSize,
    intermediateSize: fields.count('intermediate_size'),
    layers,
    heads,
    keyValueHeads,
    headDim,
    maxPositions: fields.count('max_position_embeddings', 2048),
    normEpsilon: fields.number('rms_norm_eps', 1e-6),
    activation: readActivation(fields, path, gemma ? ['hidden_activation', 'hidden_act'] : ['hidden_act']),
    rope: readRopeConfig(fields, path),
    queryKeyValueBias: architecture === 'qwen2' || attentionBias,
    outputBias: architecture !== 'qwen2' && attentionBias,
    mlpBias: architecture === 'llama' && fields.boolean('mlp_bias', false),
    queryKeyNorm: architecture === 'qwen3',
    windows: readWindows(architecture, fields, layers),
    attentionScale: (gemma ? fields.number('query_pre_attn_scalar', 256) : headDim) ** -0.5,
    attentionSoftcap: gemma ? optionalNumber(fields, 'attn_logit_softcapping', 50) : 0,
    logitSoftcap: gemma ? optionalNumber(fields, 'final_logit_softcapping', 30) : 0,
    embeddingScale: gemma ? Math.fround(Math.sqrt(hiddenSize)) : 1,
    ...(fields.has('pad_token_id') ? { paddingId: fields.number('pad_token_id') } : {}),
    tiedHead: fields.boolean('tie_word_embeddings', gemma),
    initializerRange: fields.number('initializer_range', 0.02),
  };
}

function gpt2Config(fields: JsonFields, path: string): ModelConfig {
  for (const name of ['add_cross_attention', 'scale_attn_by_inverse_layer_idx']) {
    if (fields.boolean(name, false)) throw new UserError(`${path}: "${name}": true is not supported.`);
  }
  const hiddenSize = fields.count('n_embd', 768);
  const heads = fields.count('n_head', 12);
  const layers = fields.count('n_layer', 12);
  if (hiddenSize % heads !== 0) throw fields.wrong('n_head', `a divisor of ${hiddenSize}`);
  const headDim = hiddenSize / heads;
  return {
    architecture: 'gpt2',
    vocabularySize: fields.count('vocab_size', 50257),
    hiddenSize,
    intermediateSize: fields.count('n_inner', 4 * hiddenSize),
    layers,
    heads,
    keyValueHeads: heads,
    headDim,
    maxPositions: fields.count('n_positions', 1024),
    normEpsilon: fields.number('layer_norm_epsilon', 1e-5),
    activation: readActivation(fields, path, ['activation_function']),
    queryKeyValueBias: true,
    outputBias: true,
    mlpBias: true,
    queryKeyNorm: false,
    windows: Array.from({ length: layers }, () => 0),
    attentionScale: fields.boolean('scale_attn_weights', true) ? headDim ** -0.5 : 1,
    attentionSoftcap: 0,
    logitSoftcap: 0,
    embeddingScale: 1,
    tiedHead: fields.boolean('tie_word_embeddings', true),
    initializerRange: fields.number('initializer_range', 0.02),
  };
}

/** A key that is there with null means off; an absent key means the architecture's default. */
function optionalNumber(fields: JsonFields, name: string, fallback: number): number {
  return fields.raw(name) === null ? 0 : fields.number(name, fallback);
}

function readActivation(
  fields: JsonFields,
  path: string,
  names: readonly string[],
): ModelConfig['activation'] {
  const name = names.find((candidate) => fields.has(candidate)) ?? names[0] ?? 'hidden_act';
  const fallback = {
    hidden_act: 'silu',
    hidden_activation: 'gelu_pytorch_tanh',
    activation_function: 'gelu_new',
  }[name];
  const activation = fields.string(name, fallback);
  switch (activation) {
    case 'silu':
    case 'swish':
      return 'silu';
    case 'gelu_new':
    case 'gelu_pytorch_tanh':
      return 'gelu_tanh';
    case 'gelu':
      return 'gelu';
    default:
      throw new UserError(
        `${path}: "${name}": "${activation}" is not supported; supported are silu, gelu_new, gelu_pytorch_tanh, gelu.`,
      );
  }
}

function readWindows(architecture: Architecture, fields: JsonFields, layers: number): number[] {
  const window = fields.has('sliding_window') ? fields.count('sliding_window') : 0;
  const types = fields.raw('layer_types');
  const listed = Array.isArray(types) && types.length === layers ? (types as readonly unknown[]) : undefined;
  return Array.from({ length: layers }, (_, layer) => {
    switch (architecture) {
      case 'mistral':
        return listed && listed[layer] !== 'sliding_attention' ? 0 : window;
      case 'gemma2':
        return (listed ? listed[layer] === 'sliding_attention' : layer % 2 === 0) ? window || 4096 : 0;
      case 'qwen2':
      case 'qwen3': {
        if (!fields.boolean('use_sliding_window', false)) return 0;
        const slides = listed
          ? listed[layer] === 'sliding_attention'
          : layer >= fields.number('max_window_layers', 28);
        return slides ? window || 4096 : 0;
      }
      default:
        return 0;
    }
  });
}
