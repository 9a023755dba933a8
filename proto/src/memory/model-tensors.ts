import type { ModelShape } from './model-shape.js';

/** A linear layer of a block. */
export interface LinearShape {
  readonly name: string;
  readonly layer: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Which tensor must be kept for the layer's gradient. */
  readonly keeps: 'keepsAttentionInput' | 'keepsAttentionOutput' | 'keepsMlpInput' | 'keepsMlpOutput';
}

/** A module with one tensor that is no linear layer of a block. */
export interface OtherShape {
  readonly name: string;
  /** The first block that its gradient goes through. */
  readonly layer: number;
  readonly size: number;
}

/** The modules of a model under the names that its library gives them. */
export function modelTensors(model: ModelShape): {
  readonly linears: readonly LinearShape[];
  readonly others: readonly OtherShape[];
} {
  const { hidden, vocabulary, positions, layers } = model;
  const gpt2 = model.architecture === 'gpt2';
  const blocks = Array.from(
    { length: layers },
    (_, layer) => [layer, gpt2 ? `transformer.h.${layer}` : `model.layers.${layer}`] as const,
  );
  const inBlock = gpt2 ? gpt2Linears(model) : llamaLinears(model);
  const norms = gpt2 ? ['ln_1', 'ln_2'] : ['input_layernorm', 'post_attention_layernorm'];
  return {
    linears: blocks.flatMap(([layer, block]) =>
      inBlock.map((linear) => ({ ...linear, layer, name: `${block}.${linear.name}` })),
    ),
    others: [
      { name: gpt2 ? 'transformer.wte' : 'model.embed_tokens', layer: 0, size: vocabulary * hidden },
      ...(gpt2 ? [{ name: 'transformer.wpe', layer: 0, size: positions * hidden }] : []),
      ...blocks.flatMap(([layer, block]) =>
        norms.map((norm) => ({ name: `${block}.${norm}`, layer, size: hidden })),
      ),
      { name: gpt2 ? 'transformer.ln_f' : 'model.norm', layer: layers, size: hidden },
      { name: 'lm_head', layer: layers, size: vocabulary * hidden },
    ],
  };
}

type InBlock = Omit<LinearShape, 'layer'>;

function llamaLinears({
  hidden,
  intermediate,
  heads,
  keyValueHeads,
  headDim,
}: ModelShape): readonly InBlock[] {
  const queries = heads * headDim;
  const keys = keyValueHeads * headDim;
  return [
    { name: 'self_attn.q_proj', inputs: hidden, outputs: queries, keeps: 'keepsAttentionInput' },
    { name: 'self_attn.k_proj', inputs: hidden, outputs: keys, keeps: 'keepsAttentionInput' },
    { name: 'self_attn.v_proj', inputs: hidden, outputs: keys, keeps: 'keepsAttentionInput' },
    { name: 'self_attn.o_proj', inputs: queries, outputs: hidden, keeps: 'keepsAttentionOutput' },
    { name: 'mlp.gate_proj', inputs: hidden, outputs: intermediate, keeps: 'keepsMlpInput' },
    { name: 'mlp.up_proj', inputs: hidden, outputs: intermediate, keeps: 'keepsMlpInput' },
    { name: 'mlp.down_proj', inputs: intermediate, outputs: hidden, keeps: 'keepsMlpOutput' },
  ];
}

function gpt2Linears({ hidden, intermediate }: ModelShape): readonly InBlock[] {
  return [
    { name: 'attn.c_attn', inputs: hidden, outputs: 3 * hidden, keeps: 'keepsAttentionInput' },
    { name: 'attn.c_proj', inputs: hidden, outputs: hidden, keeps: 'keepsAttentionOutput' },
    { name: 'mlp.c_fc', inputs: hidden, outputs: intermediate, keeps: 'keepsMlpInput' },
    { name: 'mlp.c_proj', inputs: intermediate, outputs: hidden, keeps: 'keepsMlpOutput' },
  ];
}
