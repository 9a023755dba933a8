import { isJsonObject, type JsonObject } from '../../support/index.js';

const PUNCTUATION = '[\\p{P}\\u0021-\\u002F\\u003A-\\u0040\\u005B-\\u0060\\u007B-\\u007E]';

/**
 * The same `tokenizer.json` in the words that the library reads as Hugging Face's tokenizers in Rust mean them: there, white
 * space and words are Unicode's, digits are all numbers, and the content of a replacement stands for itself.
 */
export function exactPipeline(tokenizer: JsonObject): JsonObject {
  return {
    ...tokenizer,
    normalizer: mapped(tokenizer['normalizer'], literalReplacement),
    pre_tokenizer: mapped(tokenizer['pre_tokenizer'], exactPreTokenizer),
    post_processor: tokenizer['post_processor'] ?? null,
    decoder: mapped(tokenizer['decoder'], literalReplacement),
    added_tokens: tokenizer['added_tokens'] ?? [],
  };
}

const LISTS = ['normalizers', 'pretokenizers', 'decoders'] as const;

/** A component, or those in it, each as `change` makes it. */
function mapped(component: unknown, change: (component: JsonObject) => JsonObject): unknown {
  if (!isJsonObject(component)) return null;
  const list = LISTS.find((name) => Array.isArray(component[name]));
  if (list === undefined) return change(component);
  return { ...component, [list]: (component[list] as unknown[]).map((inner) => mapped(inner, change)) };
}

/** In JavaScript `$&` would stand for what was matched. */
function literalReplacement(component: JsonObject): JsonObject {
  const { type, content } = component;
  if (type !== 'Replace' || typeof content !== 'string') return component;
  return { ...component, content: content.replaceAll('$', '$$$$') };
}

function exactPreTokenizer(component: JsonObject): JsonObject {
  switch (component['type']) {
    case 'Whitespace':
      return splitOf('\\w+|[^\\w\\s]+', 'Removed', true);
    case 'WhitespaceSplit':
      return splitOf('\\s', 'Removed', false);
    case 'BertPreTokenizer':
      return sequenceOf(splitOf('\\s', 'Removed', false), splitOf(PUNCTUATION, 'Isolated', false));
    case 'Punctuation':
      return splitOf(PUNCTUATION, component['behavior'] ?? 'Isolated', false);
    case 'Digits':
      return splitOf('\\p{N}', component['individual_digits'] === true ? 'Isolated' : 'Contiguous', false);
    case 'Metaspace':
      return exactMetaspace(component);
    default:
      return component;
  }
}

/** A word begins with its mark, so that no token goes over two words. */
function exactMetaspace(component: JsonObject): JsonObject {
  const { replacement = '▁', split, add_prefix_space: prefixes, prepend_scheme: scheme } = component;
  const metaspace = { ...component, prepend_scheme: scheme ?? (prefixes === false ? 'never' : 'always') };
  if (split === false) return metaspace;
  return sequenceOf(metaspace, {
    type: 'Split',
    pattern: { String: replacement },
    behavior: 'MergedWithNext',
    invert: false,
  });
}

function splitOf(pattern: string, behavior: unknown, invert: boolean): JsonObject {
  return { type: 'Split', pattern: { Regex: pattern }, behavior, invert };
}

function sequenceOf(...pretokenizers: readonly JsonObject[]): JsonObject {
  return { type: 'Sequence', pretokenizers };
}
