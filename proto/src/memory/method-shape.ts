import type { TargetSelection } from '../targets/index.js';
import { loraInputs, NO_LORA } from './lora-shape.js';
import type { ModelShape } from './model-shape.js';

/** What of a method decides its memory. */
export type MethodShape =
  | ({
      readonly type: 'lora' | 'qlora';
      readonly rank: number;
      readonly variant: string;
      readonly dora: boolean;
      readonly dropout: number;
    } & TargetSelection)
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

const NONE = {
  whole: 0,
  packed: 0,
  ...NO_LORA,
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
    case 'qlora':
      return { ...NONE, packed: method.type === 'qlora' ? 1 : 0, ...loraInputs(method, model) };
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
