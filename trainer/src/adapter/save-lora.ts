import { linearModules, type BaseModel, type LinearModule } from '../model/index.js';
import type { LoraOptions } from './lora-options.js';
import type { ParameterVector } from './parameter-vector.js';
import { writePeftFolder } from './peft-files.js';
import { ALL_LINEAR, shortNames } from './resolve-targets.js';

/** PEFT puts its own wrapper around the model's names. */
export const PEFT_PREFIX = 'base_model.model.';

/** Writes the adapter as PEFT's LoraModel saves it. */
export function saveLora(
  folder: string,
  model: BaseModel,
  options: LoraOptions,
  targets: readonly LinearModule[],
  parameters: ParameterVector,
): void {
  const tensors = parameters.slots.map(({ name, shape }) => ({
    name: `${PEFT_PREFIX}${name}`,
    shape,
    type: 'F32' as const,
    data: parameters.view(name),
  }));
  writePeftFolder(folder, loraConfigFields(model, options, targets), tensors);
}

function loraConfigFields(
  model: BaseModel,
  options: LoraOptions,
  targets: readonly LinearModule[],
): Record<string, unknown> {
  const all = options.targetModules.length === 1 && options.targetModules[0] === ALL_LINEAR;
  return {
    alora_invocation_tokens: null,
    alpha_pattern: {},
    arrow_config: null,
    base_model_name_or_path: model.folder,
    bias: 'none',
    corda_config: null,
    ensure_weight_tying: false,
    eva_config: null,
    exclude_modules: null,
    fan_in_fan_out: linearModules(model.config).some(({ layout }) => layout === 'in-out'),
    init_lora_weights: options.init === 'gaussian' ? 'gaussian' : true,
    kasa_config: null,
    layer_replication: null,
    layers_pattern: null,
    layers_to_transform: null,
    loftq_config: {},
    lora_alpha: options.alpha,
    lora_bias: false,
    lora_dropout: options.dropout,
    lora_ga_config: null,
    megatron_config: null,
    megatron_core: 'megatron.core',
    monteclora_config: null,
    peft_type: 'LORA',
    qalora_group_size: 16,
    r: options.rank,
    rank_pattern: {},
    target_modules: all ? shortNames(targets) : [...options.targetModules],
    target_parameters: null,
    trainable_token_indices: null,
    use_bdlora: null,
    use_dora: options.variant === 'dora',
    use_qalora: false,
    use_rslora: options.variant === 'rslora',
    velora_config: null,
  };
}
