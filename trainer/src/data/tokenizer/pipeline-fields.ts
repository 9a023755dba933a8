import { UserError } from '../../errors.js';
import { isJsonObject, type JsonObject } from '../../support/index.js';
import { SPLIT_BEHAVIORS } from './exact-split.js';

/** What a field of a component may hold: anything that the component reads, nothing, or one of these values. */
type Rule = 'read' | 'empty' | readonly (string | number | boolean)[];
type Component = Readonly<Record<string, Rule>>;

const NONE: Component = {};
const FLAG = [true, false] as const;
const REPLACE: Component = { pattern: 'read', content: 'read' };

/**
 * Every component whose ids were compared with Hugging Face's own tokenizers, and its fields. What stands in none of these
 * tables divides a text in a way that is not known here.
 */
const NORMALIZERS: Readonly<Record<string, Component>> = {
  NFC: NONE,
  NFD: NONE,
  NFKC: NONE,
  NFKD: NONE,
  Lowercase: NONE,
  StripAccents: NONE,
  Strip: { strip_left: FLAG, strip_right: FLAG },
  Prepend: { prepend: 'read' },
  Replace: REPLACE,
  BertNormalizer: { clean_text: FLAG, handle_chinese_chars: FLAG, strip_accents: FLAG, lowercase: FLAG },
  Sequence: { normalizers: 'read' },
};

const PRE_TOKENIZERS: Readonly<Record<string, Component>> = {
  ByteLevel: { add_prefix_space: FLAG, trim_offsets: 'read', use_regex: FLAG },
  Metaspace: {
    replacement: 'read',
    str_rep: 'read',
    prepend_scheme: ['always', 'first', 'never'],
    split: FLAG,
    add_prefix_space: FLAG,
  },
  Whitespace: NONE,
  WhitespaceSplit: NONE,
  BertPreTokenizer: NONE,
  Split: { pattern: 'read', behavior: SPLIT_BEHAVIORS, invert: FLAG },
  Punctuation: { behavior: SPLIT_BEHAVIORS },
  Digits: { individual_digits: FLAG },
  Sequence: { pretokenizers: 'read' },
};

const POST_PROCESSORS: Readonly<Record<string, Component>> = {
  ByteLevel: { add_prefix_space: 'read', trim_offsets: 'read', use_regex: 'read' },
  TemplateProcessing: { single: 'read', pair: 'read', special_tokens: 'read' },
  BertProcessing: { sep: 'read', cls: 'read' },
  RobertaProcessing: { sep: 'read', cls: 'read', trim_offsets: 'read', add_prefix_space: 'read' },
  Sequence: { processors: 'read' },
};

const DECODERS: Readonly<Record<string, Component>> = {
  ByteLevel: { add_prefix_space: 'read', trim_offsets: 'read', use_regex: 'read' },
  Metaspace: {
    replacement: 'read',
    str_rep: 'read',
    prepend_scheme: 'read',
    split: 'read',
    add_prefix_space: 'read',
  },
  WordPiece: { prefix: 'read', cleanup: FLAG },
  BPEDecoder: { suffix: 'read' },
  ByteFallback: NONE,
  Fuse: NONE,
  Strip: { content: 'read', start: 'read', stop: 'read' },
  Replace: REPLACE,
  Sequence: { decoders: 'read' },
};

const MODELS: Readonly<Record<string, Component>> = {
  BPE: {
    vocab: 'read',
    merges: 'read',
    unk_token: 'read',
    dropout: 'empty',
    continuing_subword_prefix: 'empty',
    end_of_word_suffix: 'read',
    fuse_unk: FLAG,
    byte_fallback: FLAG,
    ignore_merges: FLAG,
  },
  Unigram: { vocab: 'read', unk_id: 'read', byte_fallback: 'empty' },
  WordPiece: {
    vocab: 'read',
    unk_token: 'read',
    continuing_subword_prefix: 'read',
    max_input_chars_per_word: 'read',
  },
};

const ADDED_TOKEN: Component = {
  id: 'read',
  content: 'read',
  single_word: FLAG,
  lstrip: FLAG,
  rstrip: FLAG,
  normalized: FLAG,
  special: FLAG,
};

/** Truncation and padding stand for the caller's options, which transformers puts in their place. */
const WHOLE: Component = {
  version: 'read',
  truncation: 'read',
  padding: 'read',
  added_tokens: 'read',
  normalizer: 'read',
  pre_tokenizer: 'read',
  post_processor: 'read',
  decoder: 'read',
  model: 'read',
};

const LISTS = ['normalizers', 'pretokenizers', 'processors', 'decoders'] as const;

/** @throws UserError naming the first component or field that is not supported */
export function checkPipelineFields(tokenizer: JsonObject, path: string): void {
  checkFields(tokenizer, WHOLE, `${path}: `);
  const sections = {
    normalizer: NORMALIZERS,
    pre_tokenizer: PRE_TOKENIZERS,
    post_processor: POST_PROCESSORS,
  };
  for (const [name, known] of Object.entries({ ...sections, decoder: DECODERS }))
    checkComponent(tokenizer[name], known, `${path}: ${name}`);
  if (isJsonObject(tokenizer['model']))
    checkComponent(
      { ...tokenizer['model'], type: modelType(tokenizer['model'], path) },
      MODELS,
      `${path}: model`,
    );
  const added: readonly unknown[] = Array.isArray(tokenizer['added_tokens']) ? tokenizer['added_tokens'] : [];
  for (const [index, token] of added.entries())
    if (isJsonObject(token)) checkFields(token, ADDED_TOKEN, `${path}: added_tokens[${index}].`);
}

/** Older files do not name the type of their model. @throws UserError when nothing tells it */
export function modelType(model: JsonObject, path: string): string {
  const { type } = model;
  if (typeof type === 'string') return type;
  if (Array.isArray(model['vocab'])) return 'Unigram';
  if ('merges' in model) return 'BPE';
  if ('max_input_chars_per_word' in model) return 'WordPiece';
  throw new UserError(
    `${path}: field "model.type" is missing; it must be one of ${Object.keys(MODELS).join(', ')}.`,
  );
}

function checkComponent(component: unknown, known: Readonly<Record<string, Component>>, place: string): void {
  if (component === null || component === undefined) return;
  const type = isJsonObject(component) ? component['type'] : undefined;
  const rules = typeof type === 'string' && Object.hasOwn(known, type) ? known[type] : undefined;
  if (!isJsonObject(component) || rules === undefined)
    throw new UserError(
      `${place}: the type ${JSON.stringify(type) ?? 'is missing and'} is not supported; supported are ${Object.keys(known).join(', ')}.`,
    );
  const { type: _, ...fields } = component;
  checkFields(fields, rules, `${place}.`);
  for (const list of LISTS) {
    const inner: unknown = component[list];
    if (!Array.isArray(inner)) continue;
    for (const [index, one] of inner.entries()) {
      checkComponent(one, known, `${place}.${list}[${index}]`);
      if (index > 0) refuseFirstOfParts(one, `${place}.${list}[${index}]`);
    }
  }
}

/** The library does not know which of several parts of a text is the first one. */
function refuseFirstOfParts(component: unknown, place: string): void {
  if (!isJsonObject(component) || component['prepend_scheme'] !== 'first') return;
  throw new UserError(`${place}.prepend_scheme is "first", which is not supported behind another component.`);
}

function checkFields(fields: JsonObject, rules: Component, place: string): void {
  for (const [name, value] of Object.entries(fields)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === 'read' || isNeutral(value)) continue;
    const wrong = (expected: string) =>
      new UserError(
        `${place}${name} is ${JSON.stringify(value).slice(0, 60)}, but must be ${expected}: else the text would be divided otherwise than by its own library.`,
      );
    if (rule === undefined) throw wrong('absent (no such field is known)');
    if (rule === 'empty') throw wrong('empty (it is not supported)');
    if (!rule.some((allowed) => allowed === value))
      throw wrong(rule.map((one) => JSON.stringify(one)).join(' or '));
  }
}

function isNeutral(value: unknown): boolean {
  return value === null || value === undefined || value === false || value === 0 || value === '';
}
