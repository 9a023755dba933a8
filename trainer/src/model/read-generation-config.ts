import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { JsonFields, readJsonFile } from '../support/index.js';
import type { DecodingRules } from './decoding-rules.js';

/** Read here or by the tokenizer, or left to whoever asks for a text; changes nothing of what the model says. */
const KNOWN = new Set(
  (
    'bos_token_id eos_token_id pad_token_id decoder_start_token_id repetition_penalty no_repeat_ngram_size suppress_tokens ' +
    'begin_suppress_tokens bad_words_ids min_length min_new_tokens do_sample temperature top_k top_p max_length max_new_tokens ' +
    'max_time use_cache cache_implementation cache_config return_legacy_cache prefill_chunk_size disable_compile compile_config low_memory ' +
    'num_return_sequences output_attentions output_hidden_states output_scores output_logits return_dict_in_generate ' +
    'transformers_version trust_remote_code renormalize_logits remove_invalid_values early_stopping length_penalty ' +
    'is_assistant num_assistant_tokens num_assistant_tokens_schedule assistant_confidence_threshold prompt_lookup_num_tokens ' +
    'max_matching_ngram_size assistant_early_exit assistant_lookbehind target_lookbehind chat_format max_window_size'
  ).split(' '),
);

/** Fields that change the choice of tokens in ways that are not supported, and the value with which they change nothing. */
const OFF: Readonly<Record<string, number>> = {
  num_beams: 1,
  num_beam_groups: 1,
  typical_p: 1,
  encoder_repetition_penalty: 1,
  guidance_scale: 1,
};

/**
 * What the `generation_config.json` of a model folder asks of the choice of tokens; undefined when it asks for nothing. How
 * tokens are drawn (temperature, top_k, top_p) and how many is left to whoever asks for a text.
 * @throws UserError naming a field that would change the text and is not supported
 */
export function readDecodingRules(folder: string): DecodingRules | undefined {
  const path = join(folder, 'generation_config.json');
  if (!existsSync(path)) return undefined;
  const fields = new JsonFields(readJsonFile(path), path);
  for (const name of fields.names) {
    const value = fields.raw(name);
    // Names that begin with _ are notes of transformers to itself.
    if (KNOWN.has(name) || name.startsWith('_') || isOff(value) || value === OFF[name]) continue;
    const off = OFF[name];
    throw fields.wrong(
      name,
      `${off === undefined ? 'absent' : String(off)} (others would change what is generated, and are not supported)`,
    );
  }
  const rules: DecodingRules = {
    repetitionPenalty: positive(fields, 'repetition_penalty'),
    noRepeatNgramSize: whole(fields, 'no_repeat_ngram_size'),
    suppressed: ids(fields, 'suppress_tokens', fields.raw('suppress_tokens')),
    suppressedFirst: ids(fields, 'begin_suppress_tokens', fields.raw('begin_suppress_tokens')),
    badWords: badWords(fields),
    minLength: whole(fields, 'min_length'),
    minNewTokens: whole(fields, 'min_new_tokens'),
  };
  const { repetitionPenalty, noRepeatNgramSize, suppressed, suppressedFirst } = rules;
  const asks =
    repetitionPenalty !== 1 ||
    noRepeatNgramSize + rules.minLength + rules.minNewTokens > 0 ||
    suppressed.length + suppressedFirst.length + rules.badWords.length > 0;
  return asks ? rules : undefined;
}

function isOff(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function positive(fields: JsonFields, name: string): number {
  const value = fields.number(name, 1);
  if (value > 0) return value;
  throw fields.wrong(name, 'greater than 0');
}

function whole(fields: JsonFields, name: string): number {
  const value = fields.number(name, 0);
  if (Number.isInteger(value) && value >= 0) return value;
  throw fields.wrong(name, 'an integer of at least 0');
}

function ids(fields: JsonFields, name: string, value: unknown): readonly number[] {
  if (value === null || value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isId = (id: unknown): id is number => Number.isInteger(id) && Number(id) >= 0;
  if (list.every(isId)) return list;
  throw fields.wrong(name, 'a list of token ids');
}

/** A word that is the end of sequence alone bans nothing. */
function badWords(fields: JsonFields): readonly (readonly number[])[] {
  const value = fields.raw('bad_words_ids') ?? [];
  if (!Array.isArray(value)) throw fields.wrong('bad_words_ids', 'a list of lists of token ids');
  const ends = new Set(ids(fields, 'eos_token_id', fields.raw('eos_token_id')));
  return value
    .map((words: unknown) => ids(fields, 'bad_words_ids', words))
    .filter((words) => words.length > 1 || (words.length === 1 && !ends.has(words[0] ?? -1)));
}
