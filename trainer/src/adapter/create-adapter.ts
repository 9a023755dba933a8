import { MethodType, type LoraConfig, type MethodConfig } from '@tuneyard/proto';
import { UserError } from '../errors.js';
import { loadModel, openTrainableModel, type BaseModel } from '../model/index.js';
import type { Adapter } from './adapter.js';
import { Full } from './full.js';
import { Lora } from './lora.js';
import { LORA_VARIANTS, type LoraOptions, type LoraVariant } from './lora-options.js';

export interface AdapterRequest {
  readonly method: MethodConfig;
  /** Hugging Face folder of the base model. */
  readonly modelFolder: string;
  /** Seeds fresh parameters. */
  readonly seed: number;
}

export interface AdaptedModel {
  readonly model: BaseModel;
  readonly adapter: Adapter;
}

/** Loads the base model as the method needs it and puts the method's fresh adapter on it. @throws UserError */
export function createAdapter({ method, modelFolder, seed }: AdapterRequest): AdaptedModel {
  switch (method.type) {
    case MethodType.METHOD_TYPE_FULL: {
      const { model, source } = openTrainableModel(modelFolder, seed);
      try {
        return { model, adapter: new Full(model, source) };
      } finally {
        source.close();
      }
    }
    case MethodType.METHOD_TYPE_LORA:
    case MethodType.METHOD_TYPE_QLORA: {
      const options = loraOptions(method.lora);
      const packing = method.type === MethodType.METHOD_TYPE_QLORA ? 'nf4' : 'float32';
      return onBase(loadModel(modelFolder, { packing, seed }), (model) => new Lora(model, options, seed));
    }
    default:
      throw new UserError(`method.type: ${method.type} is not supported by this trainer.`);
  }
}

/** Frees the base model when the adapter cannot be made. */
function onBase(model: BaseModel, make: (model: BaseModel) => Adapter): AdaptedModel {
  try {
    return { model, adapter: make(model) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function loraOptions(config: LoraConfig | undefined): LoraOptions {
  if (!config) throw new UserError('method.lora is missing.');
  const { rank, alpha, dropout, targetModules, variant, init, loraPlusRatio } = config;
  if (!Number.isInteger(rank) || rank < 1)
    throw new UserError(`method.lora.rank: ${rank} must be a positive integer.`);
  if (!(alpha > 0)) throw new UserError(`method.lora.alpha: ${alpha} must be greater than 0.`);
  if (!(dropout >= 0 && dropout < 1))
    throw new UserError(`method.lora.dropout: ${dropout} must be in [0, 1).`);
  if (!isVariant(variant)) {
    throw new UserError(`method.lora.variant: "${variant}" is not one of ${LORA_VARIANTS.join(', ')}.`);
  }
  if (init !== 'kaiming' && init !== 'gaussian' && init !== 'adapter') {
    throw new UserError(`method.lora.init: "${init}" is not one of kaiming, gaussian, adapter.`);
  }
  return {
    rank,
    alpha,
    dropout,
    targetModules,
    variant,
    init: init === 'gaussian' ? 'gaussian' : 'kaiming',
    loraPlusRatio: loraPlusRatio > 0 ? loraPlusRatio : 1,
  };
}

function isVariant(name: string): name is LoraVariant {
  return (LORA_VARIANTS as readonly string[]).includes(name);
}
