import { isJsonObject, type JsonObject } from '../../support/index.js';

/**
 * Patterns of the published tokenizers. On every text they take a time in proportion to its length; others have to show
 * that at work.
 */
const PUBLISHED: ReadonlySet<string> = new Set([
  // GPT-2, and what followed it.
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  // Llama 3, Qwen 2 and 3, and their digits.
  ...['\\p{N}{1,3}', '\\p{N}'].map(
    (digits) =>
      `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  ),
  // Mistral since Nemo, and o200k.
  '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  // DeepSeek.
  '[\\r\\n]',
  '\\s?\\p{L}+',
  '\\s?\\p{P}+',
  '[一-龥ࠀ-一가-퟿]+',
  '\\p{N}',
  '\\p{N}{1,3}',
  '\\d{1,3}',
  '\\d',
  // Of this repository's example model.
  '[A-Z][a-z]*| ?[a-z]+|[0-9]|[\u4e00-\u9fff]+|\\s+|[^\\sA-Za-z0-9\u4e00-\u9fff]+',
  // What stands for the pre-tokenizers of the library.
  '\\w+|[^\\w\\s]+',
  '\\s',
  '\\p{N}+',
]);

/** No published token is longer. */
const USUAL_TOKEN_CHARACTERS = 256;

/** The regular expressions of a `tokenizer.json`, wherever they stand. */
export function patternsOf(value: unknown, most = 1000): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => patternsOf(item, most)).slice(0, most);
  if (!isJsonObject(value)) return [];
  return Object.entries(value)
    .flatMap(([name, field]) =>
      name === 'Regex' && typeof field === 'string' ? [field] : patternsOf(field, most),
    )
    .slice(0, most);
}

/** Whether nothing in the file is known to divide a text in a time in proportion to its length. */
export function needsWatching(tokenizer: JsonObject): boolean {
  const { model, added_tokens: added, ...sections } = tokenizer;
  if (!patternsOf(sections).every((pattern) => PUBLISHED.has(pattern))) return true;
  const contents = Array.isArray(added) ? added.filter(isJsonObject).map(({ content }) => content) : [];
  const vocabulary = isJsonObject(model) ? model['vocab'] : undefined;
  // Only Unigram looks for every piece of its vocabulary at every character.
  const pieces = Array.isArray(vocabulary)
    ? vocabulary.map((piece: unknown): unknown => (Array.isArray(piece) ? piece[0] : ''))
    : [];
  return [...contents, ...pieces].some(
    (text) => typeof text === 'string' && text.length > USUAL_TOKEN_CHARACTERS,
  );
}
