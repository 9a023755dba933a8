import { UserError } from '../../errors.js';
import { isJsonObject, type JsonObject } from '../../support/index.js';

/** Files of a tokenizer that may name tokens. */
interface NamingFiles {
  readonly config: JsonObject;
  readonly specialTokensMap: JsonObject;
}

interface AddedToken extends JsonObject {
  readonly id: number;
  readonly content: string;
}

const NAMED = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'];
const FLAGS = ['lstrip', 'rstrip', 'single_word', 'normalized', 'special'] as const;

/**
 * The added tokens of a `tokenizer.json` with those that `tokenizer_config.json` and `special_tokens_map.json` name, as
 * transformers gathers them: a special token of the vocabulary is never divided in a text, wherever it is named.
 *
 * @param path of `tokenizer_config.json`, for messages
 * @throws UserError for a token that the model has no row for
 */
export function withConfiguredTokens(
  tokenizer: JsonObject,
  { config, specialTokensMap }: NamingFiles,
  path: string,
): JsonObject {
  const list: readonly unknown[] = Array.isArray(tokenizer['added_tokens']) ? tokenizer['added_tokens'] : [];
  const tokens = new Map(list.filter(isAddedToken).map((token) => [token.content, token]));
  const idOf = vocabularyOf(tokenizer['model']);
  for (const [id, entry] of Object.entries(section(config['added_tokens_decoder']))) {
    const content = contentOf(entry);
    if (content === undefined) continue;
    const known = tokens.get(content)?.id ?? idOf(content);
    if (known !== undefined && known !== Number(id))
      throw new UserError(
        `${path}: field "added_tokens_decoder" gives ${JSON.stringify(content)} the id ${id}, but tokenizer.json ${known}; correct one of the files.`,
      );
    const flags = isJsonObject(entry)
      ? Object.fromEntries(FLAGS.filter((flag) => flag in entry).map((flag) => [flag, entry[flag]]))
      : {};
    tokens.set(content, { ...(tokens.get(content) ?? plain(content, Number(id))), ...flags });
  }
  for (const map of [specialTokensMap, config]) {
    for (const name of NAMED) addNamed(contentOf(map[name]));
    for (const name of ['additional_special_tokens', 'extra_special_tokens']) {
      for (const entry of Object.values(section(map[name]))) {
        const content = contentOf(entry);
        if (content === undefined || addNamed(content)) continue;
        throw new UserError(
          `${path}: field "${name}" names ${JSON.stringify(content)}, which tokenizer.json has no id for, and the model no row; remove it, or add it to both.`,
        );
      }
    }
  }
  return { ...tokenizer, added_tokens: [...tokens.values()] };

  /** @returns whether it is a token */
  function addNamed(content: string | undefined): boolean {
    if (content === undefined) return false;
    if (tokens.has(content)) return true;
    const id = idOf(content);
    if (id !== undefined) tokens.set(content, plain(content, id));
    return id !== undefined;
  }
}

function plain(content: string, id: number): AddedToken {
  return { id, content, lstrip: false, rstrip: false, single_word: false, normalized: false, special: true };
}

/** A list or an object; anything else names nothing. */
function section(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

function contentOf(entry: unknown): string | undefined {
  const content = isJsonObject(entry) ? entry['content'] : entry;
  return typeof content === 'string' && content !== '' ? content : undefined;
}

function isAddedToken(token: unknown): token is AddedToken {
  return isJsonObject(token) && typeof token['content'] === 'string' && typeof token['id'] === 'number';
}

function vocabularyOf(model: unknown): (content: string) => number | undefined {
  const vocabulary: unknown = isJsonObject(model) ? model['vocab'] : undefined;
  if (Array.isArray(vocabulary)) {
    const ids = new Map(
      vocabulary.map((piece: unknown, id): [unknown, number] => [Array.isArray(piece) ? piece[0] : '', id]),
    );
    return (content) => ids.get(content);
  }
  return (content) => {
    const id =
      isJsonObject(vocabulary) && Object.hasOwn(vocabulary, content) ? vocabulary[content] : undefined;
    return typeof id === 'number' ? id : undefined;
  };
}
