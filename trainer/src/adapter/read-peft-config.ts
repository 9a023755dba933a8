import { UserError } from '../errors.js';
import type { ModelConfig } from '../model/index.js';
import type { JsonFields } from '../support/index.js';
import type { LoraOptions } from './lora-options.js';
import { checkPeftFields, checkStart, PEFT_TYPES, type PeftType } from './peft-fields.js';
import { prefixTuning } from './prefix-tuning.js';
import type { PromptMethod } from './prompt-adapter.js';
import { promptTuning } from './prompt-tuning.js';
import { ptuning } from './ptuning.js';
import { readPeftLora } from './read-peft-lora.js';

export type PeftMethod =
  | { readonly kind: 'lora'; readonly options: LoraOptions }
  | { readonly kind: 'prompt'; readonly method: PromptMethod };

/**
 * The method that an adapter_config.json describes.
 * @throws UserError naming a field that asks for something unsupported.
 */
export function readPeftConfig(fields: JsonFields, model: ModelConfig): PeftMethod {
  const type = fields.string('peft_type');
  if (!isPeftType(type))
    throw new UserError(
      `PEFT type "${type}" is not supported; supported are LORA, P_TUNING, PREFIX_TUNING, PROMPT_TUNING.`,
    );
  checkPeftFields(fields, type);
  if (type !== 'LORA') checkSizes(fields, model);
  switch (type) {
    case 'LORA':
      checkStart(fields);
      return { kind: 'lora', options: readPeftLora(fields) };
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
    default: {
      const virtualTokens = fields.count('num_virtual_tokens');
      return { kind: 'prompt', method: promptTuning(model, { virtualTokens, init: 'random', initText: '' }) };
    }
  }
}

function isPeftType(type: string): type is PeftType {
  return (PEFT_TYPES as readonly string[]).includes(type);
}

/** Sizes that PEFT copied from the model of the adapter; another model would cut the same numbers up differently. */
function checkSizes(fields: JsonFields, model: ModelConfig): void {
  const sizes = {
    num_layers: [model.layers],
    num_attention_heads: [model.heads, model.keyValueHeads],
    token_dim: [model.hiddenSize, model.keyValueHeads * model.headDim, model.heads * model.headDim],
  };
  for (const [name, allowed] of Object.entries(sizes)) {
    if (!fields.has(name) || allowed.includes(fields.count(name))) continue;
    throw fields.wrong(name, `${[...new Set(allowed)].join(' or ')}, as in this model`);
  }
}
