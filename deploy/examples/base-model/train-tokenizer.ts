/**
 * Byte-level byte-pair encoding (Sennrich et al. 2016), trained from scratch and written as a `tokenizer.json`.
 * Digits and capital letters stay single tokens and a space never joins a name, so that a code or a name is spelled alike
 * wherever it stands.
 */

/** Marks of the chat template; they take the first ids. */
export const SPECIAL_TOKENS = ['<|end|>', '<|user|>', '<|assistant|>'] as const;

/** What may become one token at most. */
const PIECE = '[A-Z][a-z]*| ?[a-z]+|[0-9]|[\u4e00-\u9fff]+|\\s+|[^\\sA-Za-z0-9\u4e00-\u9fff]+';

/** A word of the corpus as the tokens it consists of so far. */
interface Word {
  tokens: string[];
  readonly count: number;
}

/** @returns the content of a `tokenizer.json` with `size` tokens, special tokens included. */
export function trainTokenizer(texts: Iterable<string>, size: number): object {
  const alphabet = byteAlphabet();
  const words = countWords(texts, alphabet);
  const vocabulary = [...SPECIAL_TOKENS, ...alphabet];
  const merges: [string, string][] = [];
  while (vocabulary.length < size) {
    const pair = mostFrequentPair(words);
    if (!pair) break;
    merges.push(pair);
    vocabulary.push(pair.join(''));
    for (const word of words) word.tokens = merge(word.tokens, pair);
  }
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: PIECE }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges,
    },
  };
}

/**
 * The printable stand-in of each byte, as GPT-2 chose them: printable Latin-1 bytes stand for themselves, the others
 * for the characters from U+0100 on.
 */
function byteAlphabet(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCodePoint(printable ? byte : next++);
  });
}

function countWords(texts: Iterable<string>, alphabet: readonly string[]): Word[] {
  const counts = new Map<string, number>();
  const pattern = new RegExp(PIECE, 'g');
  for (const text of texts) {
    for (const [piece] of text.matchAll(pattern)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  }
  return [...counts].map(([piece, count]) => ({
    tokens: Array.from(Buffer.from(piece, 'utf8'), (byte) => alphabet[byte] ?? ''),
    count,
  }));
}

/** The most frequent neighbours; of equals the one that sorts first, so that the result is reproducible. */
function mostFrequentPair(words: readonly Word[]): [string, string] | undefined {
  const counts = new Map<string, number>();
  for (const { tokens, count } of words) {
    for (let index = 1; index < tokens.length; index++) {
      const key = `${tokens[index - 1]}\u0000${tokens[index]}`;
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
  }
  let best: string | undefined;
  let bestCount = 1;
  for (const [key, count] of counts) {
    if (count > bestCount || (count === bestCount && best !== undefined && key < best)) {
      best = key;
      bestCount = count;
    }
  }
  const [left, right] = best?.split('\u0000') ?? [];
  return left === undefined || right === undefined ? undefined : [left, right];
}

function merge(tokens: readonly string[], [left, right]: readonly [string, string]): string[] {
  const result: string[] = [];
  for (let index = 0; index < tokens.length; index++) {
    if (tokens[index] === left && tokens[index + 1] === right) {
      result.push(left + right);
      index++;
    } else {
      result.push(tokens[index] ?? '');
    }
  }
  return result;
}
