import { UserError } from '../errors.js';
import type { ModelConfig } from '../model/index.js';
import type { JsonFields } from '../support/index.js';
import type { LoraOptions } from './lora-options.js';
import { prefixTuning } from './prefix-tuning.js';
import type { PromptMethod } from './prompt-adapter.js';
import { promptTuning } from './prompt-tuning.js';
import { ptuning } from './ptuning.js';

export type PeftMethod =
  | { readonly kind: 'lora'; readonly options: LoraOptions }
  | { readonly kind: 'prompt'; readonly method: PromptMethod };

/**
 * The method that an adapter_config.json describes.
 * @throws UserError naming a field that asks for something unsupported.
 */
export function readPeftConfig(fields: JsonFields, model: ModelConfig): PeftMethod {
  const type = fields.string('peft_type');
  switch (type) {
    case 'LORA':
      return { kind: 'lora', options: loraOptions(fields) };
    case 'P_TUNING': {
      const encoder = fields.string('encoder_reparameterization_type', 'MLP').toLowerCase();
      if (encoder !== 'mlp' && encoder !== 'lstm') {
        throw fields.wrong('encoder_reparameterization_type', 'MLP or LSTM');
      }
      const method = ptuning(model, {
        virtualTokens: fields.count('num_virtual_tokens'),
        encoder,
        hiddenSize: fields.count('encoder_hidden_size', model.hiddenSize),
        encoderLayers: fields.count('encoder_num_layers', 2),
        encoderDropout: fields.number('encoder_dropout', 0),
      });
      return { kind: 'prompt', method };
    }
    case 'PREFIX_TUNING': {
      const method = prefixTuning(model, {
        virtualTokens: fields.count('num_virtual_tokens'),
        projection: fields.boolean('prefix_projection', false),
        hiddenSize: fields.has('encoder_hidden_size') ? fields.count('encoder_hidden_size') : 0,
      });
      return { kind: 'prompt', method };
    }
    case 'PROMPT_TUNING': {
      const virtualTokens = fields.count('num_virtual_tokens');
      return { kind: 'prompt', method: promptTuning(model, { virtualTokens, init: 'random', initText: '' }) };
    }
    default:
      throw new UserError(
        `PEFT type "${type}" is not supported; supported are LORA, P_TUNING, PREFIX_TUNING, PROMPT_TUNING.`,
      );
  }
}

/** Fields that change what a LoRA computes and that this trainer does not have; each must be absent or empty. */
const UNSUPPORTED = [
  'modules_to_save',
  'rank_pattern',
  'alpha_pattern',
  'layers_to_transform',
  'layer_replication',
  'exclude_modules',
  'target_parameters',
  'trainable_token_indices',
  'alora_invocation_tokens',
  'lora_bias',
  'use_qalora',
  'use_bdlora',
];

function loraOptions(fields: JsonFields): LoraOptions {
  for (const name of UNSUPPORTED)
    if (!isEmpty(fields.raw(name))) throw fields.wrong(name, 'empty (not supported)');
  if (fields.string('bias', 'none') !== 'none')
    throw fields.wrong('bias', '"none" (others are not supported)');
  const dora = fields.boolean('use_dora', false);
  const rslora = fields.boolean('use_rslora', false);
  if (dora && rslora) throw fields.wrong('use_rslora', 'false together with use_dora');
  const targets = fields.raw('target_modules');
  if (targets !== 'all-linear' && !isStringArray(targets)) {
    throw fields.wrong('target_modules', 'a list of module names or "all-linear"');
  }
  return {
    rank: fields.count('r'),
    alpha: fields.number('lora_alpha'),
    dropout: fields.number('lora_dropout', 0),
    targetModules: targets === 'all-linear' ? [targets] : targets,
    variant: dora ? 'dora' : rslora ? 'rslora' : 'standard',
    init: fields.raw('init_lora_weights') === 'gaussian' ? 'gaussian' : 'kaiming',
    loraPlusRatio: 1,
  };
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === false ||
    (typeof value === 'object' && Object.keys(value).length === 0)
  );
}

function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
