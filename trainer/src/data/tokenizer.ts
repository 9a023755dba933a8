import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Tokenizer as Pipeline } from '@huggingface/tokenizers';
import { UserError } from '../errors.js';
import { isJsonObject, readJsonFile, readUtf8File, type JsonObject } from '../support/index.js';
import { messageOf } from './failure.js';
import {
  beginsSequences,
  generationStopIds,
  specialTokenId,
  templateTokens,
  type SpecialTokenFiles,
  type TemplateTokens,
} from './special-tokens.js';
import { checkTokenizer } from './tokenizer-limits.js';
import { createPipeline } from './tokenizer/create-pipeline.js';
import { slowPatternOn } from './tokenizer/slow-pattern.js';
import { OverTimeError, TimeAllowance } from './tokenizer/time-allowance.js';

/** A tokenizer of a Hugging Face folder: text to ids and back, and the ids with a meaning of their own. */
export class Tokenizer {
  /** What templates may print beside the tokens of begin and end. */
  readonly templateTokens: TemplateTokens;
  /** Begin of sequence; undefined when the model has none. */
  readonly bosId: number | undefined;
  /** End of sequence: what generation stops at, and what training appends. */
  readonly eosId: number | undefined;
  /** Fills the right of a shorter row; never trained, so any valid id serves. */
  readonly padId: number;
  /** Every id that ends an answer: the end of sequence and those of `generation_config.json`. */
  readonly stopIds: readonly number[];
  /** The model expects its sequences to begin with {@link bosId}. */
  readonly addsBos: boolean;
  /** Jinja source, when the folder has one. */
  readonly chatTemplate: string | undefined;
  /** One more than the largest id. */
  readonly vocabularySize: number;
  /** Texts of the added tokens (`<|im_end|>` …), longest first. */
  readonly addedTokens: readonly string[];
  /** Those of them that are no text, longest first. */
  readonly specialTokens: readonly string[];
  private readonly pipeline: Pipeline;
  private readonly addedIds: ReadonlySet<number>;
  private readonly prependsSpace: boolean;
  private readonly place: string;
  /** undefined where every text is known to take a time in proportion to its length. */
  private readonly allowance: TimeAllowance | undefined;

  constructor(files: TokenizerFiles) {
    this.place = files.place ?? 'tokenizer.json';
    const created = createPipeline(files, this.place);
    this.pipeline = created.pipeline;
    if (created.needsWatching) this.allowance = files.allowance ?? new TimeAllowance();
    const added = [...this.pipeline.get_added_tokens_decoder()];
    this.addedIds = new Set(added.map(([id]) => id));
    this.addedTokens = added.map(([, token]) => token.content).sort((a, b) => b.length - a.length);
    const special = added.filter(([, token]) => token.special).map(([, token]) => token.content);
    this.specialTokens = special.sort((a, b) => b.length - a.length);
    const idOf = (text: string) => this.idOf(text);
    this.bosId = specialTokenId('bos', files, idOf);
    this.eosId = specialTokenId('eos', files, idOf);
    this.templateTokens = templateTokens(files);
    this.padId = specialTokenId('pad', files, idOf) ?? this.eosId ?? 0;
    this.stopIds = [
      ...new Set([...(this.eosId === undefined ? [] : [this.eosId]), ...generationStopIds(files)]),
    ];
    this.chatTemplate = files.chatTemplate ?? namedTemplate(files.config['chat_template']);
    this.vocabularySize = 1 + largest(this.pipeline.get_vocab().values());
    this.addsBos =
      this.bosId !== undefined && (beginsSequences(files) ?? this.pipeline.encode('').ids[0] === this.bosId);
    const first = this.raw('x')[0];
    this.prependsSpace = first !== undefined && (this.tokenOf(first)?.startsWith('▁') ?? false);
  }

  /** Reads the files of a folder that {@link TOKENIZER_FILES} names. */
  static load(folder: string): Tokenizer {
    return loadTokenizer({ tokenizer: folder, template: folder, model: folder });
  }

  /**
   * The tokenizer of an adapter: its own files where it has them, otherwise those of its base model. A chat template alone
   * beside an adapter belongs to the base model's tokenizer.
   */
  static loadBeside(adapterFolder: string, modelFolder: string): Tokenizer {
    const own = (name: string) => existsSync(join(adapterFolder, name));
    const hasTokenizer = own('tokenizer.json');
    return loadTokenizer({
      tokenizer: hasTokenizer ? adapterFolder : modelFolder,
      template:
        hasTokenizer || own('chat_template.jinja') || own('tokenizer_config.json')
          ? adapterFolder
          : modelFolder,
      model: modelFolder,
    });
  }

  /** Ids of a text that begins a sequence; added tokens in the text are recognised, none is added. */
  encode(text: string): number[] {
    return text === '' ? [] : this.raw(text);
  }

  /** Ids of a text that begins a sequence, after the begin-of-sequence id where the model expects one. */
  encodeSequence(text: string): number[] {
    const ids = this.encode(text);
    return this.addsBos && this.bosId !== undefined && ids[0] !== this.bosId ? [this.bosId, ...ids] : ids;
  }

  /**
   * Ids of `text` where `before` stands before it in the sequence. Byte-level pipelines cut at the seam, so that what
   * is trained continues exactly the ids that a prompt has. SentencePiece pipelines put a space before every text
   * that they are given: there the ids come from both texts together if the seam holds, otherwise from `text` alone
   * without that space.
   */
  encodeContinuation(text: string, before: string): number[] {
    if (!this.prependsSpace || text === '') return this.encode(text);
    return this.continued(text, before) ?? this.continued(text, GUARD) ?? this.raw(text);
  }

  /** Text of ids; added tokens (end of sequence …) are left out. */
  decode(ids: ArrayLike<number>): string {
    if (ids.length === 0) return '';
    return this.bounded(ids.length * CHARACTERS_OF_TOKEN, '', () =>
      this.pipeline.decode(Array.from(ids), {
        skip_special_tokens: true,
        clean_up_tokenization_spaces: false,
      }),
    );
  }

  /** Text of ids as the model reads them, added tokens included. */
  decodeWhole(ids: ArrayLike<number>): string {
    if (ids.length === 0) return '';
    return this.pipeline.decode(Array.from(ids), {
      skip_special_tokens: false,
      clean_up_tokenization_spaces: false,
    });
  }

  /** The text of one token, `undefined` for an id outside the vocabulary. */
  tokenOf(id: number): string | undefined {
    return this.pipeline.id_to_token(id);
  }

  /** The id of a token's exact text. */
  idOf(token: string): number | undefined {
    return this.pipeline.token_to_id(token);
  }

  /** {@link eosId}. @throws UserError when the model has none. */
  get endOfSequence(): number {
    if (this.eosId === undefined)
      throw new UserError(
        'no end of sequence is known: neither tokenizer_config.json, special_tokens_map.json, generation_config.json nor config.json of the model names an eos_token of the vocabulary, and the template ends no turn with an added token; add "eos_token" to tokenizer_config.json.',
      );
    return this.eosId;
  }

  isAdded(id: number): boolean {
    return this.addedIds.has(id);
  }

  private continued(text: string, before: string): number[] | undefined {
    const head = this.raw(before);
    const whole = this.raw(before + text);
    return head.every((id, index) => whole[index] === id) ? whole.slice(head.length) : undefined;
  }

  private raw(text: string): number[] {
    return this.bounded(
      text.length,
      text,
      () => this.pipeline.encode(text, { add_special_tokens: false }).ids,
    );
  }

  /** @throws UserError when the work takes far longer than a text of that length should */
  private bounded<T>(characters: number, text: string, work: () => T): T {
    if (this.allowance === undefined) return work();
    try {
      return this.allowance.run(characters, work);
    } catch (error) {
      if (!(error instanceof OverTimeError)) throw error;
      const pattern = slowPatternOn(text, [
        this.pipeline.normalizer,
        this.pipeline.pre_tokenizer,
        this.pipeline.decoder,
      ]);
      const what =
        pattern === undefined ? 'dividing a text' : `the pattern ${JSON.stringify(pattern.slice(0, 60))}`;
      throw new UserError(
        `${this.place}: ${what} took far longer than a text of ${characters} characters should; write it without repetitions that overlap, or use another tokenizer.`,
      );
    }
  }
}

/** Everything of a model folder that decides what a text becomes. */
export const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'generation_config.json',
  'config.json',
  'chat_template.jinja',
] as const;

/** The parsed files of a tokenizer. */
export interface TokenizerFiles extends SpecialTokenFiles {
  /** Path of `tokenizer.json`, for messages. Default: its name alone. */
  readonly place?: string;
  /** `tokenizer.json` */
  readonly tokenizer: JsonObject;
  /** Time for texts where the tokenizer is none that is known to be fast. */
  readonly allowance?: TimeAllowance;
  /** `chat_template.jinja`; wins over the one inside `tokenizer_config.json`. */
  readonly chatTemplate?: string;
}

interface TokenizerFolders {
  /** Of `tokenizer.json` and the special tokens. */
  readonly tokenizer: string;
  /** Of the chat template. */
  readonly template: string;
  /** Of `config.json` and `generation_config.json`. */
  readonly model: string;
}

function loadTokenizer(folders: TokenizerFolders): Tokenizer {
  const path = join(folders.tokenizer, 'tokenizer.json');
  const tokenizer = readJsonFile(path);
  const config = readOptional(join(folders.tokenizer, 'tokenizer_config.json'));
  checkTokenizer(tokenizer, config, path);
  const template = readTemplate(folders.template);
  try {
    const files: TokenizerFiles = {
      place: path,
      tokenizer,
      config,
      specialTokensMap: readOptional(join(folders.tokenizer, 'special_tokens_map.json')),
      generation: readOptional(join(folders.model, 'generation_config.json')),
      model: readOptional(join(folders.model, 'config.json')),
      ...(template === undefined ? {} : { chatTemplate: template }),
    };
    return new TimeAllowance({ base: LOADING_MS }).run(0, () => new Tokenizer(files));
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof OverTimeError)
      throw new UserError(`${path} takes more than ${LOADING_MS / 1000} s to read; use another tokenizer.`);
    throw new UserError(`${path} is not a tokenizer this trainer can read: ${messageOf(error)}`);
  }
}

function readTemplate(folder: string): string | undefined {
  const file = join(folder, 'chat_template.jinja');
  return existsSync(file)
    ? readUtf8File(file)
    : namedTemplate(readOptional(join(folder, 'tokenizer_config.json'))['chat_template']);
}

/** More than any takes on a machine that is busy. */
const LOADING_MS = 60_000;
/** For the time of decoding. */
const CHARACTERS_OF_TOKEN = 8;

/** A line feed never merges with what follows it in SentencePiece vocabularies. */
const GUARD = '\n';

/** Older folders list several templates by name. */
function namedTemplate(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const entries = value.filter(isJsonObject);
  const chosen = (entries.find((entry) => entry['name'] === 'default') ?? entries[0])?.['template'];
  return typeof chosen === 'string' ? chosen : undefined;
}

function largest(values: Iterable<number>): number {
  let result = -1;
  for (const value of values) if (value > result) result = value;
  return result;
}

function readOptional(path: string): JsonObject {
  return existsSync(path) ? readJsonFile(path) : {};
}
