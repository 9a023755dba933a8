import type { ChatTemplate } from './chat-template.js';
import type { Conversation } from './conversation.js';
import { markAnswers, type Segment } from './mark-answers.js';
import { IGNORED_LABEL } from './micro-batch.js';
import type { Tokenizer } from './tokenizer.js';

/** A training text as token ids. */
export interface Example {
  readonly inputIds: Int32Array;
  /** Same length; {@link IGNORED_LABEL} where the model only reads. */
  readonly labels: Int32Array;
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
}

/** Token ids and labels of a row. @throws UnmaskableError when the template hides where answers begin. */
export function encodeConversation(
  conversation: Conversation,
  place: string,
  options: EncodeOptions,
): Encoded {
  if (conversation.kind === 'text') return encodeText(conversation.text, place, options);
  const { messages } = conversation;
  const reference = messages.findLast((message) => message.role === 'assistant')?.content ?? '';
  const texts = markAnswers(messages, options.template, options.tokenizer.addedTokens);
  const examples: Example[] = [];
  let truncated = 0;
  for (const segments of texts) {
    const example = encodeSegments(segments, reference, place, options);
    if (example.inputIds.length > options.maxLength) truncated++;
    const cut = truncate(example, options.maxLength);
    if (cut.labels.some((label) => label !== IGNORED_LABEL)) examples.push(cut);
  }
  return { examples, truncated };
}

function encodeSegments(
  segments: readonly Segment[],
  reference: string,
  place: string,
  options: EncodeOptions,
): Example {
  const { tokenizer, template, trainOnPrompt } = options;
  const ids: number[] = [];
  const labels: number[] = [];
  let promptLength = 0;
  let before = '';
  for (const [index, segment] of segments.entries()) {
    const first = template.addsBos ? tokenizer.encodeSequence(segment.text) : tokenizer.encode(segment.text);
    const pieces = index === 0 ? first : tokenizer.encodeContinuation(segment.text, before);
    before += segment.text;
    if (segment.trained) promptLength = ids.length;
    for (const id of pieces) {
      ids.push(id);
      labels.push(segment.trained || trainOnPrompt ? id : IGNORED_LABEL);
    }
  }
  const last = ids.at(-1);
  // A template that ends a turn with an added token teaches when to stop; any other needs the end of sequence.
  if (tokenizer.eosId !== undefined && (last === undefined || !tokenizer.isAdded(last))) {
    ids.push(tokenizer.eosId);
    labels.push(tokenizer.eosId);
  }
  return { inputIds: Int32Array.from(ids), labels: Int32Array.from(labels), promptLength, reference, place };
}

function truncate(example: Example, maxLength: number): Example {
  if (example.inputIds.length <= maxLength) return example;
  return {
    ...example,
    inputIds: example.inputIds.slice(0, maxLength),
    labels: example.labels.slice(0, maxLength),
    promptLength: Math.min(example.promptLength, maxLength),
  };
}

function encodeText(text: string, place: string, options: EncodeOptions): Encoded {
  const { tokenizer, maxLength } = options;
  const ids = tokenizer.encodeSequence(text);
  if (tokenizer.eosId !== undefined) ids.push(tokenizer.eosId);
  const examples: Example[] = [];
  for (let begin = 0; begin < ids.length; begin += maxLength) {
    const inputIds = Int32Array.from(ids.slice(begin, begin + maxLength));
    // One token alone predicts nothing.
    if (inputIds.length > 1) {
      examples.push({ inputIds, labels: inputIds.slice(), promptLength: 0, reference: '', place });
    }
  }
  return { examples, truncated: 0 };
}
