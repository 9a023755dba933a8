import { UserError } from '../errors.js';
import type { JsonObject } from '../support/index.js';

/** Fields of every architecture that say nothing about the mathematics, or are read elsewhere. */
const HARMLESS = new Set(
  (
    'architectures model_type torch_dtype dtype transformers_version _name_or_path name_or_path use_cache auto_map id2label label2id ' +
    'problem_type task_specific_params finetuning_task pruned_heads return_dict output_attentions output_hidden_states ' +
    'torchscript is_decoder is_encoder_decoder chunk_size_feed_forward _attn_implementation attn_implementation ' +
    '_attn_implementation_autoset cache_implementation _commit_hash unsloth_version unsloth_fixed use_reentrant ' +
    'bos_token_id eos_token_id pad_token_id unk_token_id sep_token_id cls_token_id decoder_start_token_id tokenizer_class prefix ' +
    'max_length min_length do_sample early_stopping num_beams num_beam_groups diversity_penalty temperature top_k top_p typical_p ' +
    'repetition_penalty length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size bad_words_ids num_return_sequences ' +
    'output_scores return_dict_in_generate forced_bos_token_id forced_eos_token_id remove_invalid_values ' +
    'exponential_decay_length_penalty suppress_tokens begin_suppress_tokens tf_legacy_loss use_bfloat16 ' +
    // Dropout of the base model and regularisers: adapters are trained without.
    'attention_dropout hidden_dropout resid_pdrop embd_pdrop attn_pdrop classifier_dropout summary_activation ' +
    'summary_first_dropout summary_proj_to_labels summary_type summary_use_proj pretraining_tp initializer_range gradient_checkpointing ' +
    'reorder_and_upcast_attn quantization_config vocab_size tie_word_embeddings hidden_act rope_theta rope_scaling ' +
    'rope_parameters max_position_embeddings original_max_position_embeddings head_dim rms_norm_eps ' +
    'layer_norm_epsilon max_sequence_length model_max_length seq_length sliding_window max_window_layers layer_types ' +
    'attention_bias use_sliding_window partial_rotary_factor'
  ).split(' '),
);

const LLAMA_FAMILY =
  'hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads attention_bias';
const BY_ARCHITECTURE: Readonly<Record<string, readonly string[]>> = {
  llama: `${LLAMA_FAMILY} mlp_bias`.split(' '),
  mistral: LLAMA_FAMILY.split(' '),
  qwen2: LLAMA_FAMILY.split(' '),
  qwen3: LLAMA_FAMILY.split(' '),
  gemma2:
    `${LLAMA_FAMILY} hidden_activation query_pre_attn_scalar attn_logit_softcapping final_logit_softcapping sliding_window_size`.split(
      ' ',
    ),
  gpt2: (
    'n_embd n_head n_layer n_inner n_positions n_ctx activation_function add_cross_attention scale_attn_weights ' +
    'scale_attn_by_inverse_layer_idx hidden_size num_hidden_layers num_attention_heads intermediate_size num_key_value_heads'
  ).split(' '),
};

/** Fields of the section that says how positions are rotated. */
const ROPE = new Set(
  (
    'rope_type type rope_theta factor low_freq_factor high_freq_factor original_max_position_embeddings attention_factor ' +
    'beta_fast beta_slow truncate mscale mscale_all_dim partial_rotary_factor finetuned'
  ).split(' '),
);

/**
 * A field that is not known may change what the model computes; with its neutral values (null, false, 0, empty) it
 * changes nothing.
 * @throws UserError naming the field
 */
export function refuseUnknownFields(config: JsonObject, architecture: string, path: string): void {
  const own = new Set(BY_ARCHITECTURE[architecture] ?? []);
  for (const [name, value] of Object.entries(config)) {
    if (!HARMLESS.has(name) && !own.has(name)) refuse(name, value, path);
    if (name !== 'rope_scaling' && name !== 'rope_parameters') continue;
    for (const [inner, field] of Object.entries(value ?? {}))
      if (!ROPE.has(inner)) refuse(`${name}.${inner}`, field, path);
  }
}

function refuse(name: string, value: unknown, path: string): void {
  if (isNeutral(value)) return;
  throw new UserError(
    `${path}: field "${name}" is ${JSON.stringify(value).slice(0, 80)}, which this trainer does not know for this architecture and which may change what the model computes; use a model without it, or remove the field if it changes nothing.`,
  );
}

function isNeutral(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
