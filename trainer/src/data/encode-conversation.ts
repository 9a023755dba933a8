import type { ChatTemplate } from './chat-template.js';
import { isTrainedAnswer, type Conversation } from './conversation.js';
import { RowError } from './formats/row-format.js';
import { refuseUnrendered } from './refuse-unrendered.js';
import { markAnswers, type Segment } from './mark-answers.js';
import type { Tokenizer } from './tokenizer.js';

/** A training text as token ids. */
export interface Example {
  readonly inputIds: Int32Array;
  /** Same length; 1 where the model is to produce the token, 0 where it only reads. */
  readonly trained: Uint8Array;
  /** Tokens at the front of {@link inputIds} that stand before the last answer: what generation starts from. */
  readonly promptLength: number;
  /** The last answer as it was written in the data; empty for running text. */
  readonly reference: string;
  /** Where the row stands, `file:line`. */
  readonly place: string;
}

export interface EncodeOptions {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  /** Tokens; a longer text is cut on the right, running text is divided. */
  readonly maxLength: number;
  /** Train the questions too. */
  readonly trainOnPrompt: boolean;
}

/** Examples of one row, and how many of them were cut. Usually one example. */
export interface Encoded {
  readonly examples: readonly Example[];
  readonly truncated: number;
  /** The token with which the template ends an answer. */
  readonly endOfTurn?: number;
}

/** Token ids and labels of a row. @throws UnmaskableError when the template hides where answers begin. */
export function encodeConversation(
  conversation: Conversation,
  place: string,
  options: EncodeOptions,
): Encoded {
  if (conversation.kind === 'text') return encodeText(conversation.text, place, options);
  const { messages } = conversation;
  const reference = messages.findLast(isTrainedAnswer)?.content ?? '';
  if (options.trainOnPrompt && messages.some(({ isTrained }) => isTrained === false))
    throw new RowError('an answer is marked not to be trained, but dataset.trainOnPrompt trains every turn');
  const template = options.template.withTools(conversation.tools);
  refuseUnrendered(messages, template);
  const texts = markAnswers(messages, template, options.tokenizer);
  const examples: Example[] = [];
  let truncated = 0;
  let endOfTurn: number | undefined;
  for (const segments of texts) {
    const example = encodeSegments(segments, reference, place, options);
    if (segments.at(-1)?.isClosed) endOfTurn ??= example.inputIds.at(-1);
    if (example.inputIds.length > options.maxLength) truncated++;
    const cut = truncate(example, options.maxLength);
    if (cut.trained.includes(1)) examples.push(cut);
  }
  return { examples, truncated, ...(endOfTurn === undefined ? {} : { endOfTurn }) };
}

function encodeSegments(
  segments: readonly Segment[],
  reference: string,
  place: string,
  options: EncodeOptions,
): Example {
  const { tokenizer, template, trainOnPrompt } = options;
  const ids: number[] = [];
  const trained: number[] = [];
  let promptLength = 0;
  let before = '';
  for (const [index, segment] of segments.entries()) {
    const first = template.addsBos ? tokenizer.encodeSequence(segment.text) : tokenizer.encode(segment.text);
    const pieces = index === 0 ? first : tokenizer.encodeContinuation(segment.text, before);
    before += segment.text;
    if (segment.trained) promptLength = ids.length;
    for (const id of pieces) {
      ids.push(id);
      trained.push(segment.trained || trainOnPrompt ? 1 : 0);
    }
  }
  // A template that ends a turn with a token of its own teaches when to stop; any other needs the end of sequence.
  if (segments.at(-1)?.isClosed !== true) {
    ids.push(tokenizer.endOfSequence);
    trained.push(1);
  }
  return {
    inputIds: Int32Array.from(ids),
    trained: Uint8Array.from(trained),
    promptLength,
    reference,
    place,
  };
}

function truncate(example: Example, maxLength: number): Example {
  if (example.inputIds.length <= maxLength) return example;
  return {
    ...example,
    inputIds: example.inputIds.slice(0, maxLength),
    trained: example.trained.slice(0, maxLength),
    promptLength: Math.min(example.promptLength, maxLength),
  };
}

function encodeText(text: string, place: string, options: EncodeOptions): Encoded {
  const { tokenizer, maxLength } = options;
  const ids = tokenizer.encodeSequence(text);
  ids.push(tokenizer.endOfSequence);
  const examples: Example[] = [];
  for (let begin = 0; begin < ids.length; begin += maxLength) {
    const inputIds = Int32Array.from(ids.slice(begin, begin + maxLength));
    // One token alone predicts nothing.
    if (inputIds.length > 1) {
      examples.push({
        inputIds,
        trained: new Uint8Array(inputIds.length).fill(1),
        promptLength: 0,
        reference: '',
        place,
      });
    }
  }
  return { examples, truncated: 0 };
}
