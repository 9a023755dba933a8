import type { ChatTemplate } from './chat-template.js';
import { isTrainedAnswer, type Conversation, type Message } from './conversation.js';
import { RowError } from './formats/row-format.js';
import { refuseUnrendered } from './refuse-unrendered.js';
import { markAnswers, UnmaskableError, type Segment } from './mark-answers.js';
import type { Tokenizer } from './tokenizer.js';
import { words } from '../words/index.js';

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
  /** Tokens of the longest of those, before it was cut. */
  readonly cutFrom?: number;
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
  refuseOtherMarks(messages, options.trainOnPrompt);
  const template = options.template.withTools(conversation.tools);
  refuseUnrendered(messages, template);
  const texts = markAnswers(messages, template, options.tokenizer);
  const examples: Example[] = [];
  let truncated = 0;
  let cutFrom = 0;
  let endOfTurn: number | undefined;
  for (const segments of texts) {
    const example = encodeSegments(segments, reference, place, options);
    if (segments.at(-1)?.isClosed) endOfTurn ??= example.inputIds.at(-1);
    if (example.inputIds.length > options.maxLength) {
      truncated++;
      cutFrom = Math.max(cutFrom, example.inputIds.length);
    }
    const cut = truncate(example, options.maxLength);
    if (cut.trained.includes(1)) examples.push(cut);
  }
  return {
    examples,
    truncated,
    ...(truncated === 0 ? {} : { cutFrom }),
    ...(endOfTurn === undefined ? {} : { endOfTurn }),
  };
}

/** @throws RowError for a turn that asks for other than `trainOnPrompt` does */
function refuseOtherMarks(messages: readonly Message[], trainOnPrompt: boolean): void {
  if (trainOnPrompt && messages.some(({ isTrained }) => isTrained === false))
    throw new RowError(words().rows.markedButAllTrained());
  for (const { mark, role } of messages) {
    if (mark === undefined || mark.isTrained === trainOnPrompt) continue;
    throw new RowError(
      trainOnPrompt
        ? words().rows.promptMarkedButAllTrained(mark.path)
        : words().rows.markOnRole(mark.path, role),
    );
  }
}

/**
 * What the model reads before it answers: the ids that training puts before an answer to these messages.
 * @throws RowError when the template refuses the messages
 */
export function encodePrompt(
  messages: readonly Message[],
  { tokenizer, template }: Pick<EncodeOptions, 'tokenizer' | 'template'>,
): Int32Array {
  const prompt = template.render(messages, true);
  const segments = promptSegments(messages, prompt, { tokenizer, template });
  return Int32Array.from(pieceIds(segments, { tokenizer, template }).flat());
}

/** The id with which a template ends an answer; undefined where the end of sequence does. */
export function endOfTurnOf({
  tokenizer,
  template,
}: Pick<EncodeOptions, 'tokenizer' | 'template'>): number | undefined {
  const segments = markAnswers(QUESTION_AND_ANSWER, template, tokenizer).at(-1) ?? [];
  return segments.at(-1)?.isClosed ? pieceIds(segments, { tokenizer, template }).at(-1)?.at(-1) : undefined;
}

const QUESTION_AND_ANSWER: readonly Message[] = [
  { role: 'user', content: 'q' },
  { role: 'assistant', content: 'a' },
];

/** Earlier answers are encoded as pieces of their own, as in training; a template that hides them gives one text. */
function promptSegments(
  messages: readonly Message[],
  prompt: string,
  { tokenizer, template }: Pick<EncodeOptions, 'tokenizer' | 'template'>,
): readonly Segment[] {
  const whole = [{ text: prompt, trained: false }];
  if (!messages.some(isTrainedAnswer)) return whole;
  try {
    const answered: Message[] = [...messages, { role: 'assistant', content: 'a' }];
    const before = (markAnswers(answered, template, tokenizer).at(-1) ?? []).slice(0, -1);
    return before.map(({ text }) => text).join('') === prompt ? before : whole;
  } catch (error) {
    if (error instanceof RowError || error instanceof UnmaskableError) return whole;
    throw error;
  }
}

/** Ids of each stretch of a text. */
function pieceIds(
  segments: readonly Segment[],
  { tokenizer, template }: Pick<EncodeOptions, 'tokenizer' | 'template'>,
): number[][] {
  let before = '';
  return segments.map(({ text }, index) => {
    const ids =
      index > 0
        ? tokenizer.encodeContinuation(text, before)
        : template.addsBos
          ? tokenizer.encodeSequence(text)
          : tokenizer.encode(text);
    before += text;
    return ids;
  });
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
  const pieces = pieceIds(segments, { tokenizer, template });
  for (const [index, segment] of segments.entries()) {
    if (segment.trained) promptLength = ids.length;
    for (const id of pieces[index] ?? []) {
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
