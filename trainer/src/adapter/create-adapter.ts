import { fileURLToPath } from 'node:url';
import {
  MethodType,
  type MethodConfig,
  type PrefixConfig,
  type PromptConfig,
  type PtuningConfig,
} from '@tuneyard/proto';
import { UserError } from '../errors.js';
import { loadModel, openTrainableModel, type BaseModel, type WeightOrigin } from '../model/index.js';
import type { Adapter } from './adapter.js';
import { Full } from './full.js';
import { initializeFrom } from './load-peft-adapter.js';
import { Lora } from './lora.js';
import { prefixTuning } from './prefix-tuning.js';
import { PromptAdapter, type PromptMethod } from './prompt-adapter.js';
import { promptTuning, startFromTokens, type PromptTuningOptions } from './prompt-tuning.js';
import { ptuning } from './ptuning.js';
import { loraOptionsOf } from './lora-options-of.js';
import { refuseUnusedSelection } from './refuse-unused-selection.js';

export interface AdapterRequest {
  readonly method: MethodConfig;
  /** Hugging Face folder of the base model. */
  readonly modelFolder: string;
  /** Where the base model's weights come from; default `folder`. */
  readonly origin?: WeightOrigin;
  /** Seeds fresh parameters. */
  readonly seed: number;
  /** Text to token ids, for prompts that start from a text. */
  readonly tokenize?: (text: string) => readonly number[];
}

export interface AdaptedModel {
  readonly model: BaseModel;
  readonly adapter: Adapter;
}

/** Loads the base model as the method needs it and puts the method's fresh adapter on it. @throws UserError */
export function createAdapter(request: AdapterRequest): AdaptedModel {
  const { method, modelFolder, seed, origin = 'folder' } = request;
  const onPrompt = (make: (model: BaseModel) => PromptMethod) =>
    onBase(loadModel(modelFolder, { seed, origin }), (model) => new PromptAdapter(model, make(model), seed));
  switch (method.type) {
    case MethodType.METHOD_TYPE_FULL: {
      const { model, source } = openTrainableModel(modelFolder, seed, origin);
      try {
        return { model, adapter: new Full(model, source) };
      } finally {
        source.close();
      }
    }
    case MethodType.METHOD_TYPE_LORA:
    case MethodType.METHOD_TYPE_QLORA: {
      const options = loraOptionsOf(method.lora);
      const packing = method.type === MethodType.METHOD_TYPE_QLORA ? 'nf4' : 'float32';
      return onBase(loadModel(modelFolder, { packing, seed, origin }), (model) => {
        const adapter = new Lora(model, options, seed);
        refuseUnusedSelection(adapter, model);
        if (method.lora?.init === 'adapter') initializeFrom(adapter, model, folderPath(method.lora.initFrom));
        return adapter;
      });
    }
    case MethodType.METHOD_TYPE_PTUNING:
      return onPrompt((model) => ptuning(model.config, ptuningOptions(method.ptuning, model)));
    case MethodType.METHOD_TYPE_PTUNING_V2:
      return onPrompt((model) => prefixTuning(model.config, prefixOptions(method.prefix)));
    case MethodType.METHOD_TYPE_PROMPT: {
      const options = promptOptions(method.prompt);
      const adapted = onPrompt((model) => promptTuning(model.config, options));
      startFromTokens(adapted.adapter.parameters, adapted.model, options, seed, request.tokenize);
      return adapted;
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

function ptuningOptions(config: PtuningConfig | undefined, model: BaseModel) {
  if (!config) throw new UserError('method.ptuning is missing.');
  const { encoder, hiddenSize, encoderLayers, encoderDropout } = config;
  if (encoder !== 'mlp' && encoder !== 'lstm') {
    throw new UserError(`method.ptuning.encoder: "${encoder}" is not one of mlp, lstm.`);
  }
  if (!(encoderDropout >= 0 && encoderDropout < 1)) {
    throw new UserError(`method.ptuning.encoderDropout: ${encoderDropout} must be in [0, 1).`);
  }
  const virtualTokens = checkedTokens(config.virtualTokens, 'ptuning');
  return {
    virtualTokens,
    encoder,
    hiddenSize: hiddenSize > 0 ? hiddenSize : model.config.hiddenSize,
    encoderLayers: Math.max(1, encoderLayers),
    encoderDropout,
  } as const;
}

function prefixOptions(config: PrefixConfig | undefined) {
  if (!config) throw new UserError('method.prefix is missing.');
  const { projection, hiddenSize } = config;
  return { virtualTokens: checkedTokens(config.virtualTokens, 'prefix'), projection, hiddenSize };
}

function promptOptions(config: PromptConfig | undefined): PromptTuningOptions {
  if (!config) throw new UserError('method.prompt is missing.');
  const { init, initText } = config;
  if (init !== 'random' && init !== 'vocabulary' && init !== 'text') {
    throw new UserError(`method.prompt.init: "${init}" is not one of random, vocabulary, text.`);
  }
  if (init === 'text' && initText === '')
    throw new UserError('method.prompt.initText is empty, but init is "text".');
  return { virtualTokens: checkedTokens(config.virtualTokens, 'prompt'), init, initText };
}

function checkedTokens(count: number, section: string): number {
  if (Number.isInteger(count) && count >= 1) return count;
  throw new UserError(`method.${section}.virtualTokens: ${count} must be a positive integer.`);
}

function folderPath(place: string): string {
  if (place === '') throw new UserError('method.lora.initFrom is empty, but init is "adapter".');
  return place.startsWith('file:') ? fileURLToPath(place) : place;
}
