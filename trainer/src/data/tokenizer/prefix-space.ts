import { UserError } from '../../errors.js';
import { isJsonObject, type JsonObject } from '../../support/index.js';

/**
 * A `tokenizer.json` with the space before a text that `add_prefix_space` of `tokenizer_config.json` asks for. Only the class
 * of GPT-2 takes it from there in every release of transformers.
 *
 * @param path of `tokenizer_config.json`, for messages
 * @throws UserError when the two files contradict each other otherwise
 */
export function withPrefixSpace(
  tokenizer: JsonObject,
  { config, model }: { readonly config: JsonObject; readonly model: JsonObject },
  path: string,
): JsonObject {
  const stated = config['add_prefix_space'];
  if (typeof stated !== 'boolean') return tokenizer;
  const preTokenizer = tokenizer['pre_tokenizer'];
  const parts = partsOf(preTokenizer);
  const byteLevel = parts.find(({ type }) => type === 'ByteLevel');
  const isGpt2 = /^gpt_?2/i.test(String(config['tokenizer_class'] ?? model['model_type']));
  if (byteLevel !== undefined && isGpt2)
    return { ...tokenizer, pre_tokenizer: replaced(preTokenizer, stated) };
  const isAdded =
    byteLevel === undefined
      ? [...parts, ...partsOf(tokenizer['normalizer'])].some(prependsSpace)
      : byteLevel['add_prefix_space'] === true;
  // A text of pieces that is given no space by either has none to take away.
  if (isAdded === stated || (stated && byteLevel === undefined)) return tokenizer;
  throw new UserError(
    `${path}: field "add_prefix_space" is ${stated}, but tokenizer.json ${isAdded ? 'puts a space before a text' : 'puts none before a text'}: releases of transformers differ in which of them counts; correct one of the files.`,
  );
}

function partsOf(component: unknown): JsonObject[] {
  if (!isJsonObject(component)) return [];
  const inner: unknown = component['pretokenizers'] ?? component['normalizers'];
  return Array.isArray(inner) ? inner.flatMap(partsOf) : [component];
}

function prependsSpace({
  type,
  prepend,
  prepend_scheme: scheme,
  add_prefix_space: prefixes,
}: JsonObject): boolean {
  if (type === 'Prepend') return typeof prepend === 'string' && prepend !== '';
  return type === 'Metaspace' && scheme !== 'never' && prefixes !== false;
}

function replaced(component: unknown, stated: boolean): unknown {
  if (!isJsonObject(component)) return component;
  const inner: unknown = component['pretokenizers'];
  if (Array.isArray(inner)) return { ...component, pretokenizers: inner.map((one) => replaced(one, stated)) };
  return component['type'] === 'ByteLevel' ? { ...component, add_prefix_space: stated } : component;
}
