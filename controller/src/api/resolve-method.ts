import type { Filler } from './filler.js';
import type { FineTuneJobSpec } from './fine-tune-job.js';
import type { Method, MethodType } from './method.js';
import type { ResolvedMethod } from './resolved-spec.js';

type Goal = FineTuneJobSpec['goal'];

/** How much an adapter must be able to learn for each goal, and why. */
const RANKS: Readonly<Record<Goal, readonly [rank: number, why: string]>> = {
  auto: [16, 'enough capacity for a domain or a style; a few MB per billion parameters'],
  style: [8, 'a style is little to learn, and a small adapter keeps the rest of the model as it is'],
  task: [8, 'one narrow task is little to learn, and a small adapter does not memorise its examples'],
  knowledge: [32, 'facts and rules need capacity in every layer'],
  reasoning: [64, 'long chains of thought gain from capacity more than anything else does'],
};

/** The block of the method with every field given. */
export function resolveMethod(method: Method, goal: Goal, fill: Filler): ResolvedMethod {
  const asked = method.type === 'auto' ? undefined : method.type;
  const type: Exclude<MethodType, 'auto'> = fill.pick(
    'method.type',
    asked,
    'lora',
    'LoRA reaches the quality of full fine-tuning on most tasks, is small, and loads in PEFT and vLLM',
  );
  switch (type) {
    case 'lora':
    case 'qlora': {
      const lora = method.lora ?? {};
      const rank = fill.pick('method.lora.rank', lora.rank, ...RANKS[goal]);
      return {
        type,
        lora: {
          rank,
          alpha: fill.pick(
            'method.lora.alpha',
            lora.alpha,
            2 * rank,
            'twice the rank: the update is scaled by 2',
          ),
          dropout: fill.pick(
            'method.lora.dropout',
            lora.dropout,
            0,
            'off: rarely helps with few epochs, and costs speed',
          ),
          targetModules: fill.pick(
            'method.lora.targetModules',
            lora.targetModules,
            ['all-linear'],
            'adapting attention and MLP layers is better than attention alone at the same size',
          ),
          variant: fill.pick('method.lora.variant', lora.variant, 'standard', 'loads everywhere'),
          dora: lora.dora ?? lora.variant === 'dora',
          excludeModules: lora.excludeModules ?? [],
          layersToTransform: lora.layersToTransform ?? [],
          layersPattern: lora.layersPattern ?? [],
          modulesToSave: lora.modulesToSave ?? [],
          rankPattern: lora.rankPattern ?? {},
          alphaPattern: lora.alphaPattern ?? {},
          init: lora.init ?? 'kaiming',
          ...(lora.initFrom === undefined ? {} : { initFrom: lora.initFrom }),
          ...(lora.initFromSecretRef === undefined ? {} : { initFromSecretRef: lora.initFromSecretRef }),
          loraPlusRatio: lora.loraPlusRatio ?? 1,
        },
      };
    }
    case 'ptuning': {
      const ptuning = method.ptuning ?? {};
      return {
        type,
        ptuning: {
          virtualTokens: fill.pick(
            'method.ptuning.virtualTokens',
            ptuning.virtualTokens,
            20,
            'the usual length of a soft prompt',
          ),
          encoder: fill.pick(
            'method.ptuning.encoder',
            ptuning.encoder,
            'mlp',
            'trains more steadily than the LSTM',
          ),
          hiddenSize: ptuning.hiddenSize ?? 0,
          encoderLayers: ptuning.encoderLayers ?? 2,
          encoderDropout: ptuning.encoderDropout ?? 0,
        },
      };
    }
    case 'ptuning-v2': {
      const prefix = method.prefix ?? {};
      return {
        type,
        prefix: {
          virtualTokens: fill.pick(
            'method.prefix.virtualTokens',
            prefix.virtualTokens,
            20,
            'the usual length of a prefix',
          ),
          projection: fill.pick(
            'method.prefix.projection',
            prefix.projection,
            false,
            'learning the prefix directly needs the fewest parameters',
          ),
          hiddenSize: prefix.hiddenSize ?? 0,
        },
      };
    }
    case 'prompt': {
      const prompt = method.prompt ?? {};
      return {
        type,
        prompt: {
          virtualTokens: fill.pick(
            'method.prompt.virtualTokens',
            prompt.virtualTokens,
            20,
            'the usual length of a soft prompt',
          ),
          init: fill.pick(
            'method.prompt.init',
            prompt.init,
            'vocabulary',
            'starting from real words converges faster than from noise',
          ),
          ...(prompt.initText === undefined ? {} : { initText: prompt.initText }),
        },
      };
    }
    default:
      return { type };
  }
}
