import { isJsonObject, type JsonObject } from '../support/index.js';

/** The parsed files of a model folder that may name special tokens; an absent file is an empty object. */
export interface SpecialTokenFiles {
  /** `tokenizer_config.json` */
  readonly config: JsonObject;
  /** `special_tokens_map.json` */
  readonly specialTokensMap?: JsonObject;
  /** `generation_config.json` */
  readonly generation: JsonObject;
  /** `config.json` */
  readonly model?: JsonObject;
}

export type SpecialToken = 'bos' | 'eos' | 'pad';

/** What the tokenizer classes of transformers assume where no file names a token. */
const CLASS_TOKENS: readonly (readonly [RegExp, Partial<Record<SpecialToken, string>>])[] = [
  [/^(?:code)?llama/, { bos: '<s>', eos: '</s>' }],
  [/^(?:gpt2|gptneox|codegen)/, { bos: '<|endoftext|>', eos: '<|endoftext|>' }],
  [/^qwen[23]/, { eos: '<|endoftext|>', pad: '<|endoftext|>' }],
  [/^gemma/, { bos: '<bos>', eos: '<eos>', pad: '<pad>' }],
];

/** Classes whose sequences begin with the begin-of-sequence token unless `add_bos_token` says otherwise. */
const BEGINNING = /^(?:(?:code)?llama|gemma)/;

/**
 * The id of a special token, from the first place that names one of the vocabulary, in the order of transformers: the maps
 * of the tokenizer (`special_tokens_map.json` before `tokenizer_config.json`, and not at all where the latter
 * lists `added_tokens_decoder`), the tokenizer's class, then the ids in `generation_config.json` and `config.json`.
 */
export function specialTokenId(
  token: SpecialToken,
  files: SpecialTokenFiles,
  idOf: (text: string) => number | undefined,
): number | undefined {
  const { config, specialTokensMap = {}, generation, model = {} } = files;
  const name = `${token}_token`;
  const maps = isJsonObject(config['added_tokens_decoder']) ? [config] : [specialTokensMap, config];
  for (const map of maps) {
    const named = textOf(map[name]);
    if (named !== undefined) return idOf(named) ?? undefined;
    // Here null is an answer: the model has none.
    if (map[name] === null && token !== 'eos') return undefined;
  }
  const assumed = CLASS_TOKENS.find(([pattern]) => pattern.test(classOf(files)))?.[1][token];
  const byClass = assumed === undefined ? undefined : idOf(assumed);
  if (byClass !== undefined) return byClass;
  for (const file of [generation, model]) {
    const [id] = idsOf(file[`${token}_token_id`]);
    if (id !== undefined) return id;
  }
  return undefined;
}

/** What chat templates are given beside `bos_token` and `eos_token`, by the name that transformers gives it. */
export type TemplateTokens = Readonly<Record<string, string | readonly string[]>>;

/** Special tokens that have no meaning of their own here. */
const OTHERS = ['unk', 'sep', 'pad', 'cls', 'mask'] as const;

/** The other special tokens that the tokenizer's files name, in the same order; a template may print any of them. */
export function templateTokens({ config, specialTokensMap = {} }: SpecialTokenFiles): TemplateTokens {
  const maps = isJsonObject(config['added_tokens_decoder']) ? [config] : [specialTokensMap, config];
  const found: Record<string, string | readonly string[]> = {};
  for (const token of OTHERS) {
    const name = `${token}_token`;
    const named = maps.map((map) => textOf(map[name])).find((text) => text !== undefined);
    if (named !== undefined) found[name] = named;
  }
  const list = maps.map((map) => map['additional_special_tokens']).find((value) => Array.isArray(value));
  if (list !== undefined)
    found['additional_special_tokens'] = (list as unknown[]).map(textOf).filter((text) => text !== undefined);
  return found;
}

/** Ids at which generation ends by the model's files: `generation_config.json`, or `config.json` where it names none. */
export function generationStopIds({ generation, model = {} }: SpecialTokenFiles): number[] {
  const own = idsOf(generation['eos_token_id']);
  return own.length > 0 ? own : idsOf(model['eos_token_id']);
}

/** Whether sequences begin with the begin-of-sequence token; undefined where the files leave it to `tokenizer.json`. */
export function beginsSequences(files: SpecialTokenFiles): boolean | undefined {
  const stated = files.config['add_bos_token'];
  if (typeof stated === 'boolean') return stated;
  return isClassNamed(files.config) && BEGINNING.test(classOf(files)) ? true : undefined;
}

function isClassNamed(config: JsonObject): boolean {
  return typeof config['tokenizer_class'] === 'string';
}

/** Lower-case begin of the class's name: `llamatokenizerfast`, or the architecture where no class is named. */
function classOf({ config, model = {} }: SpecialTokenFiles): string {
  const name = config['tokenizer_class'] ?? model['model_type'];
  return typeof name === 'string' ? name.toLowerCase().replaceAll('_', '') : '';
}

function textOf(token: unknown): string | undefined {
  const text = isJsonObject(token) ? token['content'] : token;
  return typeof text === 'string' && text !== '' ? text : undefined;
}

function idsOf(value: unknown): number[] {
  return [value]
    .flat()
    .filter((id): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0);
}
