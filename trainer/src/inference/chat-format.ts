import {
  ChatTemplate,
  encodePrompt,
  endOfTurnOf,
  RowError,
  Tokenizer,
  UnmaskableError,
  type Message,
} from '../data/index.js';
import { UserError } from '../errors.js';
import { words } from '../words/index.js';

export interface ChatFormatSource {
  /** Folder of an adapter; its own tokenizer files win over the model's. */
  readonly adapter?: string | undefined;
  /** As `dataset.template` of a job: a built-in name or inline jinja. Default: the template of the tokenizer. */
  readonly template?: string | undefined;
}

/** How a model is asked: its chat template as token ids, and the ids with which it ends an answer, as training has them. */
export class ChatFormat {
  /** A model answers until it writes one of them. */
  readonly stopIds: readonly number[];

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly template: ChatTemplate,
  ) {
    this.stopIds = [...new Set([...tokenizer.stopIds, ...turnEnds(tokenizer, template)])];
  }

  /** @throws UserError when the model has no chat template and none is named. */
  static load(modelFolder: string, { adapter, template }: ChatFormatSource = {}): ChatFormat {
    const tokenizer =
      adapter === undefined ? Tokenizer.load(modelFolder) : Tokenizer.loadBeside(adapter, modelFolder);
    if (template === undefined && tokenizer.chatTemplate === undefined) {
      throw new UserError(words().asking.noTemplate(adapter ?? modelFolder));
    }
    return new ChatFormat(tokenizer, ChatTemplate.choose(template ?? 'auto', tokenizer));
  }

  /** What the model reads before it answers. @throws UserError when the template refuses the messages. */
  promptIds(messages: readonly Message[]): Int32Array {
    try {
      const ids = encodePrompt(messages, { tokenizer: this.tokenizer, template: this.template });
      if (ids.length === 0) throw new RowError(words().asking.writesNothing(this.template.name));
      return ids;
    } catch (error) {
      if (error instanceof RowError) throw new UserError(words().asking.refused(error.message));
      throw error;
    }
  }

  /** The answer in words. */
  textOf(ids: ArrayLike<number>): string {
    return this.tokenizer.decode(ids);
  }
}

/** A template that hides where answers end leaves the tokenizer's own ids. */
function turnEnds(tokenizer: Tokenizer, template: ChatTemplate): number[] {
  try {
    const id = endOfTurnOf({ tokenizer, template });
    return id === undefined ? [] : [id];
  } catch (error) {
    if (error instanceof RowError || error instanceof UnmaskableError) return [];
    throw error;
  }
}
