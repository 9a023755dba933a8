import type { JsonFields } from '../support/index.js';

/** What a field of an adapter_config.json may hold. */
type Rule =
  /** Says nothing about the result: origin, first values that the file's tensors replace. */
  | 'any'
  /** Read by {@link readPeftConfig}. */
  | 'read'
  /** Changes what the adapter computes in a way that is not supported: must be empty. */
  | 'empty'
  /** One of these values, or empty. */
  | readonly (string | number | boolean)[];

const COMMON: Readonly<Record<string, Rule>> = {
  auto_mapping: 'any',
  base_model_name_or_path: 'any',
  inference_mode: 'any',
  peft_type: 'read',
  peft_version: 'any',
  revision: 'any',
  task_type: ['CAUSAL_LM'],
};

const LORA: Readonly<Record<string, Rule>> = {
  ...COMMON,
  alora_invocation_tokens: 'empty',
  alpha_pattern: 'read',
  arrow_config: 'empty',
  bias: ['none'],
  corda_config: 'empty',
  ensure_weight_tying: 'empty',
  // Chooses the first values alone; ranks that it chose stand in rank_pattern.
  eva_config: 'any',
  exclude_modules: 'read',
  // PEFT corrects it by the kind of the layer.
  fan_in_fan_out: [true],
  init_lora_weights: 'read',
  kasa_config: 'empty',
  layer_replication: 'empty',
  layers_pattern: 'read',
  layers_to_transform: 'read',
  loftq_config: 'empty',
  lora_alpha: 'read',
  lora_bias: 'empty',
  lora_dropout: 'read',
  lora_ga_config: 'empty',
  megatron_config: 'empty',
  // Means something beside megatron_config alone.
  megatron_core: 'any',
  modules_to_save: 'read',
  monteclora_config: 'empty',
  // Means something beside use_qalora alone.
  qalora_group_size: 'any',
  r: 'read',
  rank_pattern: 'read',
  target_modules: 'read',
  target_parameters: 'empty',
  trainable_token_indices: 'empty',
  use_bdlora: 'empty',
  use_dora: 'read',
  use_qalora: 'empty',
  use_rslora: 'read',
  velora_config: 'empty',
};

const VIRTUAL_TOKENS: Readonly<Record<string, Rule>> = {
  ...COMMON,
  modules_to_save: 'empty',
  num_attention_heads: 'read',
  num_layers: 'read',
  num_transformer_submodules: [1],
  num_virtual_tokens: 'read',
  token_dim: 'read',
};

const RULES = {
  LORA,
  P_TUNING: {
    ...VIRTUAL_TOKENS,
    encoder_dropout: 'read',
    encoder_hidden_size: 'read',
    encoder_num_layers: 'read',
    encoder_reparameterization_type: 'read',
  },
  PREFIX_TUNING: {
    ...VIRTUAL_TOKENS,
    encoder_hidden_size: 'read',
    init_weights: 'any',
    prefix_projection: 'read',
  },
  PROMPT_TUNING: {
    ...VIRTUAL_TOKENS,
    prompt_tuning_init: ['RANDOM', 'TEXT', 'SAMPLE_VOCAB'],
    prompt_tuning_init_text: 'any',
    tokenizer_kwargs: 'any',
    tokenizer_name_or_path: 'any',
  },
} satisfies Readonly<Record<string, Readonly<Record<string, Rule>>>>;

export type PeftType = keyof typeof RULES;
export const PEFT_TYPES = Object.keys(RULES) as readonly PeftType[];

/**
 * Looks at every field of the file: PEFT 0.21's by its meaning; one that is not known there may change what the adapter
 * computes, so it must be empty.
 * @throws UserError naming the first field that is not supported.
 */
export function checkPeftFields(fields: JsonFields, type: PeftType): void {
  const rules: Readonly<Record<string, Rule>> = RULES[type];
  for (const name of fields.names) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    const value = fields.raw(name);
    if (rule === 'any' || rule === 'read' || isEmpty(value)) continue;
    if (rule === undefined) {
      throw fields.wrong(
        name,
        'absent or empty (PEFT 0.21 has no such field, so it is not known what it changes)',
      );
    }
    if (rule === 'empty') throw fields.wrong(name, 'empty (it is not supported)');
    if (!rule.some((allowed) => allowed === value)) {
      const allowed = rule.map((one) => JSON.stringify(one)).join(' or ');
      throw fields.wrong(name, `${allowed} (others are not supported)`);
    }
  }
}

/** Null, false, and a list, an object or a text without content. */
export function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === false ||
    value === '' ||
    (typeof value === 'object' && Object.keys(value).length === 0)
  );
}

/** Initialisations that leave the base model as it is: the tensors of the file replace what they choose. */
const PLAIN_STARTS: readonly unknown[] = [undefined, null, true, false, 'gaussian', 'orthogonal', 'eva'];

/**
 * PiSSA, OLoRA, CorDA, LoftQ and LoRA-GA change the base model's weights when PEFT puts the adapter on it, MiCA trains A
 * alone: an adapter of theirs is added to another base than the one that is here.
 * @throws UserError with the way to convert it.
 */
export function checkStart(fields: JsonFields): void {
  const start = fields.raw('init_lora_weights');
  const plain = typeof start === 'string' ? start.toLowerCase() : start;
  if (PLAIN_STARTS.includes(plain)) return;
  throw fields.wrong(
    'init_lora_weights',
    "true, false, gaussian, orthogonal or eva (others change the base model or the training; convert the adapter to a plain LoRA with path_initial_model_for_weight_conversion of PEFT's save_pretrained)",
  );
}
