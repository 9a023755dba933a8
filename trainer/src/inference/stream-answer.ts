import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Message } from '../data/index.js';
import type { ChatFormat } from './chat-format.js';
import {
  completionOf,
  generationOptions,
  promptOf,
  type Completion,
  type CompletionOptions,
} from './complete-conversations.js';
import type { InferenceModel } from './open-for-inference.js';
import { TextStream } from './text-stream.js';

export interface StreamOptions extends CompletionOptions {
  /** Ends the answer where it is. */
  readonly signal?: AbortSignal;
}

/** The answer to one conversation piece by piece, and at the end as a whole. Between tokens the event loop has its turn. */
export async function* streamAnswer(
  model: InferenceModel,
  format: ChatFormat,
  messages: readonly Message[],
  options: StreamOptions,
): AsyncGenerator<string, Completion> {
  const prompt = promptOf(messages, format, options.maxPositions);
  const stream = new TextStream((ids) => format.textOf(ids));
  const added: number[] = [];
  for (const tokens of model.generateSteps([prompt], generationOptions(format, options))) {
    for (const { id } of tokens) {
      added.push(id);
      const piece = stream.push(id);
      if (piece !== '') yield piece;
    }
    await nextTurn();
    if (options.signal?.aborted) break;
  }
  const rest = stream.end();
  if (rest !== '') yield rest;
  const completion = completionOf(format, prompt.length, added, options);
  return options.signal?.aborted ? { ...completion, finishReason: 'interrupted' } : completion;
}
