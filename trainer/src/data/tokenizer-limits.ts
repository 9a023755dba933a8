import { UserError } from '../errors.js';
import { isJsonObject, type JsonObject } from '../support/index.js';
import { checkPipelineFields } from './tokenizer/pipeline-fields.js';

/** Four times what the largest published tokenizers have. */
const MAX_VOCABULARY = 1 << 20;
const MAX_MERGES = 1 << 20;
const MAX_ADDED = 1 << 16;
/** The largest id: more than any vocabulary has entries, so that its holes cost no memory. */
const MAX_ID = 1 << 21;
const MAX_TOKEN = 1 << 16;
const MAX_PATTERN = 1 << 14;
const MAX_DEPTH = 64;

/**
 * Refuses a `tokenizer.json` before anything is built of it: sizes that no tokenizer has, patterns that can take for ever,
 * and settings that make the ids of a text other than this trainer's.
 *
 * @param path of the file, for messages
 */
export function checkTokenizer(tokenizer: JsonObject, config: JsonObject, path: string): void {
  const model = isJsonObject(tokenizer['model']) ? tokenizer['model'] : {};
  const count = (value: unknown) =>
    Array.isArray(value) ? value.length : isJsonObject(value) ? Object.keys(value).length : 0;
  limit(path, 'model.vocab', count(model['vocab']), MAX_VOCABULARY);
  limit(path, 'model.merges', count(model['merges']), MAX_MERGES);
  limit(path, 'added_tokens', count(tokenizer['added_tokens']), MAX_ADDED);
  if (typeof model['dropout'] === 'number' && model['dropout'] !== 0)
    throw new UserError(
      `${path}: field "model.dropout" is ${model['dropout']}: it divides a text otherwise each time, which is not supported; set it to null.`,
    );
  if (config['split_special_tokens'] === true)
    throw new UserError(
      `${path}: "split_special_tokens": true of tokenizer_config.json is not supported: special tokens in a text would be divided; remove it.`,
    );
  for (const section of ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder'])
    checkPatterns(tokenizer[section], `${path}: ${section}`, 0);
  checkPipelineFields(tokenizer, path);
  checkVocabulary(model, path);
  checkAddedTokens(tokenizer['added_tokens'], path);
}

function checkVocabulary(
  { type, vocab, unk_token: unknown, unk_id: unknownId }: JsonObject,
  path: string,
): void {
  if (Array.isArray(vocab)) {
    for (const [index, piece] of vocab.entries()) {
      const [text, score]: readonly unknown[] = Array.isArray(piece) ? piece : [];
      if (typeof text !== 'string' || typeof score !== 'number')
        throw new UserError(`${path}: field "model.vocab[${index}]" must be a text and its score.`);
      limit(path, `model.vocab[${index}]`, text.length, MAX_TOKEN);
    }
    if (typeof unknownId !== 'number' || vocab[unknownId] === undefined)
      throw new UserError(
        `${path}: field "model.unk_id" must be the id of a piece, else texts with unknown characters have no ids.`,
      );
    return;
  }
  if (!isJsonObject(vocab))
    throw new UserError(`${path}: field "model.vocab" of the ${String(type)} must be an object or a list.`);
  for (const [text, id] of Object.entries(vocab)) {
    checkId(id, `model.vocab[${JSON.stringify(text.slice(0, 40))}]`, path);
    if (text.length > MAX_TOKEN) limit(path, 'model.vocab', text.length, MAX_TOKEN);
  }
  if (typeof unknown === 'string' && unknown !== '' && !Object.hasOwn(vocab, unknown))
    throw new UserError(
      `${path}: field "model.unk_token" is ${JSON.stringify(unknown)}, which the vocabulary does not hold.`,
    );
}

function checkAddedTokens(added: unknown, path: string): void {
  if (added === null || added === undefined) return;
  if (!Array.isArray(added)) throw new UserError(`${path}: field "added_tokens" must be a list.`);
  for (const [index, token] of added.entries()) {
    const content: unknown = isJsonObject(token) ? token['content'] : undefined;
    if (!isJsonObject(token) || typeof content !== 'string')
      throw new UserError(`${path}: field "added_tokens[${index}].content" must be a text.`);
    limit(path, 'added_tokens[].content', content.length, MAX_TOKEN);
    checkId(token['id'], `added_tokens[${index}].id`, path);
  }
}

function checkId(id: unknown, field: string, path: string): void {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < MAX_ID) return;
  throw new UserError(
    `${path}: field "${field}" is ${JSON.stringify(id)}; an id is an integer below ${MAX_ID}.`,
  );
}

function limit(path: string, field: string, count: number, most: number): void {
  if (count > most)
    throw new UserError(
      `${path}: field "${field}" has ${count} entries or characters; at most ${most} are read.`,
    );
}

function checkPatterns(value: unknown, place: string, depth: number): void {
  if (depth > MAX_DEPTH) throw new UserError(`${place} is nested more than ${MAX_DEPTH} deep.`);
  if (Array.isArray(value)) {
    for (const item of value) checkPatterns(item, place, depth + 1);
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [name, field] of Object.entries(value)) {
    if (name === 'Regex' && typeof field === 'string') {
      if (field.length > MAX_PATTERN || mayBacktrackForever(field))
        throw new UserError(
          `${place}: the pattern ${JSON.stringify(field.slice(0, 60))} repeats what repeats already, so that a text can take for ever to divide; write it without nested repetition.`,
        );
    } else {
      checkPatterns(field, place, depth + 1);
    }
  }
}

interface Group {
  /** Holds something that may repeat without end, or several ways to go on. */
  isAmbiguous: boolean;
}

/** Whether an unbounded repetition holds another one, or alternatives: then the ways to match grow with 2^length. */
export function mayBacktrackForever(pattern: string): boolean {
  const open: Group[] = [{ isAmbiguous: false }];
  let closed: Group | undefined;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    const repeats = character === '*' || character === '+' || /^\{\d*,\}/.test(pattern.slice(at, at + 12));
    if (repeats) {
      if (closed?.isAmbiguous) return true;
      open.at(-1)!.isAmbiguous = true;
    }
    const before = closed;
    closed = undefined;
    if (character === '\\')
      at += /^\\[pP]\{/.test(pattern.slice(at, at + 3)) ? pattern.indexOf('}', at) - at : 1;
    else if (character === '[') at = endOfClass(pattern, at);
    else if (character === '(') open.push({ isAmbiguous: false });
    else if (character === '|') open.at(-1)!.isAmbiguous ||= open.length > 1;
    else if (character === ')' && open.length > 1) {
      closed = open.pop();
      if (closed?.isAmbiguous) open.at(-1)!.isAmbiguous = true;
    } else if (character === '?' && before) closed = undefined;
  }
  return false;
}

function endOfClass(pattern: string, begin: number): number {
  let depth = 0;
  for (let at = begin; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === '[') depth++;
    else if (pattern[at] === ']' && --depth === 0) return at;
  }
  return pattern.length;
}
