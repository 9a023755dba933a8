import { linearModules, type BaseModel } from '../model/index.js';
import type { NamedBase } from './adapter.js';
import { isPattern } from '@tuneyard/proto/targets';
import type { Lora } from './lora.js';
import { writePeftFolder } from './peft-files.js';
import { ALL_LINEAR, shortNames } from './resolve-targets.js';

/** PEFT puts its own wrapper around the model's names. */
export const PEFT_PREFIX = 'base_model.model.';

interface SavedLora {
  readonly model: BaseModel;
  readonly lora: Lora;
}

/** Writes the adapter as PEFT's LoraModel saves it. */
export function saveLora(folder: string, base: NamedBase, { model, lora }: SavedLora): void {
  const { parameters } = lora;
  const tensors = parameters.slots.map(({ name, shape }) => ({
    name: `${PEFT_PREFIX}${name}`,
    shape,
    type: 'F32' as const,
    data: parameters.view(name),
  }));
  writePeftFolder(folder, base, { fields: loraConfigFields(model, lora), tensors });
}

function loraConfigFields(model: BaseModel, { options, targets }: Lora): Record<string, unknown> {
  const all = options.targetModules.length === 1 && options.targetModules[0] === ALL_LINEAR;
  const modules = targets.map(({ module }) => module);
  return {
    alora_invocation_tokens: null,
    alpha_pattern: { ...options.alphaPattern },
    arrow_config: null,
    bias: 'none',
    corda_config: null,
    ensure_weight_tying: false,
    eva_config: null,
    exclude_modules: names(options.excludeModules),
    fan_in_fan_out: linearModules(model.config).some(({ layout }) => layout === 'in-out'),
    init_lora_weights: options.init === 'gaussian' ? 'gaussian' : true,
    kasa_config: null,
    layer_replication: null,
    layers_pattern: orNull(options.layersPattern),
    layers_to_transform: orNull(options.layersToTransform),
    loftq_config: {},
    lora_alpha: options.alpha,
    lora_bias: false,
    lora_dropout: options.dropout,
    lora_ga_config: null,
    megatron_config: null,
    megatron_core: 'megatron.core',
    modules_to_save: orNull(options.modulesToSave),
    monteclora_config: null,
    peft_type: 'LORA',
    qalora_group_size: 16,
    r: options.rank,
    rank_pattern: { ...options.rankPattern },
    target_modules: all ? shortNames(modules) : names(options.targetModules),
    target_parameters: null,
    trainable_token_indices: null,
    use_bdlora: null,
    use_dora: options.dora,
    use_qalora: false,
    use_rslora: options.scaling === 'rslora',
    velora_config: null,
  };
}

/** PEFT's form: a string is a regular expression, a list holds ends of names. */
function names(entries: readonly string[]): string | string[] | null {
  const [only = ''] = entries;
  return entries.length === 1 && isPattern(only) ? only : orNull(entries);
}

function orNull<T>(entries: readonly T[]): T[] | null {
  return entries.length === 0 ? null : [...entries];
}
