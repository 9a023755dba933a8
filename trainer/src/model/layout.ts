import type { WeightLayout } from '../tensor/index.js';
import type { ModelConfig } from './model-config.js';

/** One linear layer: what an adapter can target and a quantizer pack. */
export interface LinearModule {
  /** Full name without `.weight`, e.g. `model.layers.0.self_attn.q_proj`. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly bias: boolean;
  /** How the weight is stored: `out-in`, or `in-out` for GPT-2's Conv1D. */
  readonly layout: WeightLayout;
}

/** How a fresh tensor starts: normal with this deviation, or a constant. */
export type Initial = { readonly deviation: number } | { readonly constant: number };

export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: Initial;
}

/** Names of the tensors outside the blocks. */
export interface OuterNames {
  readonly embedding: string;
  readonly positions?: string;
  readonly finalNorm: string;
  /** The embedding again when the head is tied. */
  readonly head: string;
}

export function outerNames(config: ModelConfig): OuterNames {
  const gpt2 = config.architecture === 'gpt2';
  const embedding = gpt2 ? 'transformer.wte.weight' : 'model.embed_tokens.weight';
  return {
    embedding,
    ...(gpt2 ? { positions: 'transformer.wpe.weight' } : {}),
    finalNorm: gpt2 ? 'transformer.ln_f' : 'model.norm',
    head: config.tiedHead ? embedding : 'lm_head.weight',
  };
}

export function blockName(config: ModelConfig, layer: number): string {
  return config.architecture === 'gpt2' ? `transformer.h.${layer}` : `model.layers.${layer}`;
}

/** The linear layers of one llama-like block, in the order of the forward pass. */
export function llamaModules(config: ModelConfig, layer: number) {
  const { hiddenSize, intermediateSize } = config;
  const queries = config.heads * config.headDim;
  const keys = config.keyValueHeads * config.headDim;
  const linear = (name: string, inputs: number, outputs: number, bias: boolean): LinearModule => ({
    name: `${blockName(config, layer)}.${name}`,
    inputs,
    outputs,
    bias,
    layout: 'out-in',
  });
  return {
    query: linear('self_attn.q_proj', hiddenSize, queries, config.queryKeyValueBias),
    key: linear('self_attn.k_proj', hiddenSize, keys, config.queryKeyValueBias),
    value: linear('self_attn.v_proj', hiddenSize, keys, config.queryKeyValueBias),
    output: linear('self_attn.o_proj', queries, hiddenSize, config.outputBias),
    gate: linear('mlp.gate_proj', hiddenSize, intermediateSize, config.mlpBias),
    up: linear('mlp.up_proj', hiddenSize, intermediateSize, config.mlpBias),
    down: linear('mlp.down_proj', intermediateSize, hiddenSize, config.mlpBias),
  };
}

/** The linear layers of one GPT-2 block, in the order of the forward pass. */
export function gpt2Modules(config: ModelConfig, layer: number) {
  const { hiddenSize, intermediateSize } = config;
  const conv = (name: string, inputs: number, outputs: number): LinearModule => ({
    name: `${blockName(config, layer)}.${name}`,
    inputs,
    outputs,
    bias: true,
    layout: 'in-out',
  });
  return {
    fused: conv('attn.c_attn', hiddenSize, 3 * hiddenSize),
    output: conv('attn.c_proj', hiddenSize, hiddenSize),
    widen: conv('mlp.c_fc', hiddenSize, intermediateSize),
    narrow: conv('mlp.c_proj', intermediateSize, hiddenSize),
  };
}

function blockModules(config: ModelConfig, layer: number): readonly LinearModule[] {
  return Object.values(
    config.architecture === 'gpt2' ? gpt2Modules(config, layer) : llamaModules(config, layer),
  );
}

/** Every linear layer of the model's blocks; the head is not among them. */
export function linearModules(config: ModelConfig): readonly LinearModule[] {
  return Array.from({ length: config.layers }, (_, layer) => blockModules(config, layer)).flat();
}

/** Every tensor of the model, in the order of the forward pass. */
export function tensorSpecs(config: ModelConfig): readonly TensorSpec[] {
  const { embedding, positions, finalNorm, head } = outerNames(config);
  const width = config.hiddenSize;
  const fresh: Initial = { deviation: config.initializerRange };
  const specs: TensorSpec[] = [{ name: embedding, shape: [config.vocabularySize, width], initial: fresh }];
  if (positions !== undefined)
    specs.push({ name: positions, shape: [config.maxPositions, width], initial: fresh });
  for (let layer = 0; layer < config.layers; layer++) specs.push(...blockSpecs(config, layer));
  specs.push(...normSpecs(config, finalNorm, width));
  if (head !== embedding) specs.push({ name: head, shape: [config.vocabularySize, width], initial: fresh });
  return specs;
}

/** The tensors of one block. */
export function blockSpecs(config: ModelConfig, layer: number): readonly TensorSpec[] {
  const prefix = blockName(config, layer);
  const specs: TensorSpec[] = [];
  for (const norm of blockNorms(config))
    specs.push(...normSpecs(config, `${prefix}.${norm}`, config.hiddenSize));
  for (const module of blockModules(config, layer)) {
    const { name, inputs, outputs, bias, layout } = module;
    const residual = config.architecture === 'gpt2' && name.endsWith('c_proj');
    const deviation = config.initializerRange / (residual ? Math.sqrt(2 * config.layers) : 1);
    const shape = layout === 'in-out' ? [inputs, outputs] : [outputs, inputs];
    specs.push({ name: `${name}.weight`, shape, initial: { deviation } });
    if (bias) specs.push({ name: `${name}.bias`, shape: [outputs], initial: { constant: 0 } });
  }
  if (config.queryKeyNorm) {
    for (const norm of ['self_attn.q_norm', 'self_attn.k_norm']) {
      specs.push(...normSpecs(config, `${prefix}.${norm}`, config.headDim));
    }
  }
  return specs;
}

function blockNorms(config: ModelConfig): readonly string[] {
  switch (config.architecture) {
    case 'gpt2':
      return ['ln_1', 'ln_2'];
    case 'gemma2':
      return [
        'input_layernorm',
        'post_attention_layernorm',
        'pre_feedforward_layernorm',
        'post_feedforward_layernorm',
      ];
    default:
      return ['input_layernorm', 'post_attention_layernorm'];
  }
}

function normSpecs(config: ModelConfig, name: string, size: number): TensorSpec[] {
  // Gemma stores its norm weights around zero and adds one.
  const constant = config.architecture === 'gemma2' ? 0 : 1;
  const weight: TensorSpec = { name: `${name}.weight`, shape: [size], initial: { constant } };
  if (config.architecture !== 'gpt2') return [weight];
  return [weight, { name: `${name}.bias`, shape: [size], initial: { constant: 0 } }];
}
