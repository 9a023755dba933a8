import type { ModelShape } from './model-shape.js';

/** What of a method decides its memory. */
export type MethodShape =
  | {
      readonly type: 'lora' | 'qlora';
      readonly rank: number;
      /** Suffixes of module names, or `all-linear`. */
      readonly targetModules: readonly string[];
      readonly variant: string;
      readonly dropout: number;
    }
  | {
      readonly type: 'ptuning';
      readonly virtualTokens: number;
      readonly encoder: string;
      /** 0 = the model's. */
      readonly hiddenSize: number;
      readonly encoderLayers: number;
    }
  | {
      readonly type: 'ptuning-v2';
      readonly virtualTokens: number;
      readonly projection: boolean;
      /** 0 = the width of a layer's keys. */
      readonly hiddenSize: number;
    }
  | { readonly type: 'prompt'; readonly virtualTokens: number }
  | { readonly type: 'full' };

interface Module {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Which tensor must be kept for the module's gradient. */
  readonly keeps: 'keepsAttentionInput' | 'keepsAttentionOutput' | 'keepsMlpInput' | 'keepsMlpOutput';
}

const NONE = {
  whole: 0,
  packed: 0,
  dora: 0,
  dropout: 0,
  rank: 0,
  adaptedModules: 0,
  adaptedInputs: 0,
  adaptedOutputs: 0,
  keepsAttentionInput: 0,
  keepsAttentionOutput: 0,
  keepsMlpInput: 0,
  keepsMlpOutput: 0,
  virtualRows: 0,
  virtualTokens: 0,
  rowPrompt: 0,
  mlpEncoder: 0,
  lstmEncoder: 0,
  moreEncoderLayers: 0,
  plainPrefix: 0,
  projectedPrefix: 0,
  encoderHidden: 0,
};

/** The inputs of the rules that the method decides. */
export function methodInputs(method: MethodShape, model: ModelShape): Readonly<Record<string, number>> {
  switch (method.type) {
    case 'lora':
    case 'qlora': {
      const modules = targets(method.targetModules, model);
      const kept = Object.fromEntries(modules.map(({ keeps }) => [keeps, 1]));
      return {
        ...NONE,
        ...kept,
        packed: method.type === 'qlora' ? 1 : 0,
        dora: method.variant === 'dora' ? 1 : 0,
        dropout: method.dropout > 0 ? 1 : 0,
        rank: method.rank,
        adaptedModules: modules.length,
        adaptedInputs: modules.reduce((sum, { inputs }) => sum + inputs, 0),
        adaptedOutputs: modules.reduce((sum, { outputs }) => sum + outputs, 0),
      };
    }
    case 'ptuning':
      return {
        ...NONE,
        rowPrompt: 1,
        virtualRows: method.virtualTokens,
        virtualTokens: method.virtualTokens,
        mlpEncoder: method.encoder === 'mlp' ? 1 : 0,
        lstmEncoder: method.encoder === 'lstm' ? 1 : 0,
        moreEncoderLayers: Math.max(0, method.encoderLayers - 1),
        encoderHidden: method.hiddenSize || model.hidden,
      };
    case 'ptuning-v2':
      return {
        ...NONE,
        virtualTokens: method.virtualTokens,
        plainPrefix: method.projection ? 0 : 1,
        projectedPrefix: method.projection ? 1 : 0,
        encoderHidden: method.hiddenSize || model.keyValueHeads * model.headDim,
      };
    case 'prompt':
      return {
        ...NONE,
        rowPrompt: 1,
        virtualRows: method.virtualTokens,
        virtualTokens: method.virtualTokens,
      };
    default:
      return {
        ...NONE,
        whole: 1,
        keepsAttentionInput: 1,
        keepsAttentionOutput: 1,
        keepsMlpInput: 1,
        keepsMlpOutput: 1,
      };
  }
}

/** The linear layers of one block that LoRA adapts. */
function targets(names: readonly string[], model: ModelShape): readonly Module[] {
  const modules = model.architecture === 'gpt2' ? gpt2Modules(model) : llamaModules(model);
  if (names.includes('all-linear')) return modules;
  return modules.filter((module) =>
    names.some((name) => module.name === name || module.name.endsWith(`.${name}`)),
  );
}

function llamaModules({
  hidden,
  intermediate,
  heads,
  keyValueHeads,
  headDim,
}: ModelShape): readonly Module[] {
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

function gpt2Modules({ hidden, intermediate }: ModelShape): readonly Module[] {
  return [
    { name: 'attn.c_attn', inputs: hidden, outputs: 3 * hidden, keeps: 'keepsAttentionInput' },
    { name: 'attn.c_proj', inputs: hidden, outputs: hidden, keeps: 'keepsAttentionOutput' },
    { name: 'mlp.c_fc', inputs: hidden, outputs: intermediate, keeps: 'keepsMlpInput' },
    { name: 'mlp.c_proj', inputs: intermediate, outputs: hidden, keeps: 'keepsMlpOutput' },
  ];
}
