import type { ChatTemplate } from './chat-template.js';
import type { Message } from './conversation.js';

/** The tokens of a tokenizer that stand for themselves in a text. */
export interface TurnTokens {
  /** Texts of the added tokens, longest first. */
  readonly addedTokens: readonly string[];
  /** Those of them that carry structure (`<|im_end|>`) and are no part of a text (`</tool_call>`), longest first. */
  readonly specialTokens: readonly string[];
}

/** Two answers that share neither their first nor their last character, nor the form of any answer in the data. */
const PROBES = ['q1', 'w2'] as const;

/**
 * What the template writes behind an answer. An answer may end with anything, an added token among it, so the end is
 * taken from renderings of other answers in its place: what they share at their end is the template's.
 *
 * @param messages end with the answer
 * @param answered their rendering
 * @param promptLength characters of it before the answer
 */
export function turnEndOf(
  messages: readonly Message[],
  template: ChatTemplate,
  { answered, promptLength }: { readonly answered: string; readonly promptLength: number },
  { addedTokens }: TurnTokens,
): string {
  const answer = answered.slice(promptLength);
  const content = messages.at(-1)?.content ?? '';
  for (const end of template.turnEnds) {
    if (answer === content + end || answer === content.trim() + end) return end;
  }
  const [first, second] = PROBES.map((text) => probe(messages, template, text));
  if (first === undefined || second === undefined || first === second) return '';
  const plain = first.slice(first.length - commonSuffix(first, second));
  template.turnEnds.add(plain);
  if (answered.endsWith(plain)) return plain;
  // After tool calls a template may write another end: what both share of it may begin within a token.
  const begin = answered.length - commonSuffix(answered, plain);
  return answered.slice(beforeToken(answered, begin, addedTokens));
}

/** The rendering with another answer in place of the last message; undefined where the template refuses that. */
export function probe(
  messages: readonly Message[],
  template: ChatTemplate,
  text: string = PROBES[0],
): string | undefined {
  try {
    return template.render([...messages.slice(0, -1), { role: 'assistant', content: text }], false);
  } catch {
    return undefined;
  }
}

/**
 * Characters of a turn's end that are trained: up to its first special token, else its first added one; undefined when it
 * holds none, and the end of sequence has to follow.
 */
export function trainedEnd(end: string, { addedTokens, specialTokens }: TurnTokens): number | undefined {
  return firstTokenEnd(end, specialTokens) ?? firstTokenEnd(end, addedTokens);
}

function firstTokenEnd(text: string, tokens: readonly string[]): number | undefined {
  let begin = Infinity;
  let end: number | undefined;
  for (const token of tokens) {
    const at = token === '' ? -1 : text.indexOf(token);
    // Of several at one place the first is the longest.
    if (at >= 0 && at < begin) [begin, end] = [at, at + token.length];
  }
  return end;
}

/** Moves a cut that would divide an added token to the token's begin. */
export function beforeToken(text: string, cut: number, addedTokens: readonly string[]): number {
  for (const token of addedTokens) {
    for (let begin = Math.max(0, cut - token.length + 1); begin < cut; begin++) {
      if (text.startsWith(token, begin)) return begin;
    }
  }
  return cut;
}

export function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

function commonSuffix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a.at(-1 - length) === b.at(-1 - length)) length++;
  return length;
}
