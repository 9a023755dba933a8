import type { ChatTemplate } from './chat-template.js';
import { isTrainedAnswer, type Message } from './conversation.js';

/** A stretch of rendered text; trained means that the model is to produce it. */
export interface Segment {
  readonly text: string;
  readonly trained: boolean;
}

/** A conversation cannot be divided into what the model reads and what it writes. */
export class UnmaskableError extends Error {
  override readonly name = 'UnmaskableError';
}

/**
 * Divides the rendering of a conversation into the stretches that the model reads and those that it writes. What it
 * reads before answer i is, by definition, the rendering of the messages before i with an opened answer; so the
 * mask needs no knowledge of the template. An answer ends with the first added token after it (end of turn).
 *
 * A template may render earlier turns differently once later ones exist (reasoning models drop old thoughts); then
 * no single text serves all answers, and every answer gets a text of its own.
 *
 * @returns one list of segments for each training text
 */
export function markAnswers(
  messages: readonly Message[],
  template: ChatTemplate,
  addedTokens: readonly string[],
): Segment[][] {
  const answers = messages.flatMap((message, index) => (isTrainedAnswer(message) ? [index] : []));
  const whole = markAll(messages, answers, template, addedTokens);
  if (whole) return [whole];
  return answers.map((answer) => {
    const single = markAll(messages.slice(0, answer + 1), [answer], template, addedTokens);
    if (single) return single;
    throw new UnmaskableError(
      `${template.name} does not continue its own generation prompt, so the answer cannot be told from the question`,
    );
  });
}

function markAll(
  messages: readonly Message[],
  answers: readonly number[],
  template: ChatTemplate,
  addedTokens: readonly string[],
): Segment[] | undefined {
  const full = template.render(messages, false);
  const segments: Segment[] = [];
  let cursor = 0;
  for (const answer of answers) {
    const isLast = answer === messages.length - 1;
    const prompt = template.render(messages.slice(0, answer), true);
    const answered = isLast ? full : template.render(messages.slice(0, answer + 1), false);
    if (!full.startsWith(prompt) || !answered.startsWith(prompt) || prompt.length < cursor) return undefined;
    const shared = isLast ? full.length : outsideTokens(full, commonPrefix(answered, full), addedTokens);
    const end = endOfAnswer(full.slice(0, shared), addedTokens);
    const content = messages[answer]?.content.trim() ?? '';
    if (end <= prompt.length || !full.slice(prompt.length, end).includes(content)) return undefined;
    segments.push({ text: full.slice(cursor, prompt.length), trained: false });
    segments.push({ text: full.slice(prompt.length, end), trained: true });
    cursor = end;
  }
  return segments;
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

/** Moves a cut that would divide an added token to the token's begin. */
function outsideTokens(text: string, cut: number, addedTokens: readonly string[]): number {
  for (const token of addedTokens) {
    for (let begin = Math.max(0, cut - token.length + 1); begin < cut; begin++) {
      if (text.startsWith(token, begin)) return begin;
    }
  }
  return cut;
}

/** Where the text ends, of its closing run of added tokens and white space keeping only up to the first token. */
function endOfAnswer(text: string, addedTokens: readonly string[]): number {
  let end = text.length;
  let tail = text.length;
  for (;;) {
    const trimmed = text.slice(0, tail).trimEnd();
    const token = addedTokens.find((candidate) => candidate !== '' && trimmed.endsWith(candidate));
    if (token === undefined) return end;
    end = trimmed.length;
    tail = end - token.length;
  }
}
