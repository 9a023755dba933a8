import type { Message } from '../data/index.js';
import { UserError } from '../errors.js';
import type { GenerationOptions, Sampling } from '../model/index.js';
import { words } from '../words/index.js';
import type { ChatFormat } from './chat-format.js';

/** Conversations that are completed together. */
const GROUP = 16;

/** Continues prompts; the engine of a run and {@link InferenceModel} both do, with or without an adapter. */
export type ContinuePrompts = (
  prompts: readonly Int32Array[],
  options: GenerationOptions,
) => readonly Int32Array[] | Promise<readonly Int32Array[]>;

export interface CompletionOptions {
  /** Longest answer, tokens. */
  readonly maxNewTokens: number;
  /** Positions that the model has for text; prompt and answer together are no longer. */
  readonly maxPositions: number;
  /** Default: the likeliest token. */
  readonly sampling?: Sampling | undefined;
}

/** The next answer of an assistant. */
export interface Completion {
  readonly text: string;
  readonly promptTokens: number;
  readonly newTokens: number;
  /** `stop`: the model ended its answer; `length`: maxNewTokens or the model's positions cut it; `interrupted`: somebody did. */
  readonly finishReason: 'stop' | 'length' | 'interrupted';
}

/** The answer to each conversation, with the chat template and the ends of turns that training uses. */
export async function completeConversations(
  continuePrompts: ContinuePrompts,
  format: ChatFormat,
  conversations: readonly (readonly Message[])[],
  options: CompletionOptions,
): Promise<Completion[]> {
  const prompts = conversations.map((messages) => promptOf(messages, format, options.maxPositions));
  const completions: Completion[] = [];
  for (let begin = 0; begin < prompts.length; begin += GROUP) {
    const group = prompts.slice(begin, begin + GROUP);
    const answers = await continuePrompts(group, generationOptions(format, options));
    for (const [index, prompt] of group.entries())
      completions.push(completionOf(format, prompt.length, answers[index] ?? [], options));
  }
  return completions;
}

/** @throws UserError when the conversation leaves no room for an answer. */
export function promptOf(messages: readonly Message[], format: ChatFormat, maxPositions: number): Int32Array {
  const ids = format.promptIds(messages);
  if (ids.length >= maxPositions) {
    throw new UserError(words().asking.noRoom(String(ids.length), String(maxPositions)));
  }
  return ids;
}

export function generationOptions(
  format: ChatFormat,
  { maxNewTokens, maxPositions, sampling }: CompletionOptions,
): GenerationOptions {
  const { stopIds } = format;
  return { maxNewTokens, maxLength: maxPositions, stopIds, ...(sampling === undefined ? {} : { sampling }) };
}

export function completionOf(
  format: ChatFormat,
  promptTokens: number,
  ids: ArrayLike<number>,
  { maxNewTokens, maxPositions }: CompletionOptions,
): Completion {
  const isCut = ids.length >= maxNewTokens || promptTokens + ids.length >= maxPositions;
  return {
    text: format.textOf(ids).trim(),
    promptTokens,
    newTokens: ids.length,
    finishReason: isCut ? 'length' : 'stop',
  };
}
