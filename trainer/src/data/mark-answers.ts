import type { ChatTemplate } from './chat-template.js';
import { isTrainedAnswer, type Message } from './conversation.js';
import { beforeToken, commonPrefix, probe, trainedEnd, turnEndOf, type TurnTokens } from './turn-end.js';

/** A stretch of rendered text; trained means that the model is to produce it. */
export interface Segment {
  readonly text: string;
  readonly trained: boolean;
  /** Of a trained one: the template's own token ends the turn. */
  readonly isClosed?: boolean;
}

/** A conversation cannot be divided into what the model reads and what it writes. */
export class UnmaskableError extends Error {
  override readonly name = 'UnmaskableError';
}

/**
 * Divides the rendering of a conversation into the stretches that the model reads and those that it writes. What it
 * reads before answer i is, by definition, the rendering of the messages before i with an opened answer; so the
 * mask needs no knowledge of the template. An answer ends with the token that the template writes behind any answer.
 *
 * A template may render earlier turns differently once later ones exist (reasoning models drop old thoughts); then
 * no single text serves all answers, and every answer gets a text of its own.
 *
 * @returns one list of segments for each training text
 */
export function markAnswers(
  messages: readonly Message[],
  template: ChatTemplate,
  tokens: TurnTokens,
): Segment[][] {
  const answers = messages.flatMap((message, index) => (isTrainedAnswer(message) ? [index] : []));
  const whole = markAll(messages, answers, template, tokens);
  if (whole) return [whole];
  return answers.map((answer) => {
    const until = messages.slice(0, answer + 1);
    return markAll(until, [answer], template, tokens) ?? writtenAnswer(until, template, tokens);
  });
}

function markAll(
  messages: readonly Message[],
  answers: readonly number[],
  template: ChatTemplate,
  tokens: TurnTokens,
): Segment[] | undefined {
  const full = template.render(messages, false);
  const segments: Segment[] = [];
  let cursor = 0;
  for (const answer of answers) {
    const isLast = answer === messages.length - 1;
    const until = messages.slice(0, answer + 1);
    const prompt = template.render(messages.slice(0, answer), true);
    const answered = isLast ? full : template.render(until, false);
    if (!full.startsWith(prompt) || !answered.startsWith(prompt) || prompt.length < cursor) return undefined;
    const turnEnd = turnEndOf(until, template, { answered, promptLength: prompt.length }, tokens);
    const shared = isLast ? full.length : beforeToken(full, commonPrefix(answered, full), tokens.addedTokens);
    const closing = trainedEnd(turnEnd, tokens);
    const closed = closing === undefined ? Infinity : answered.length - turnEnd.length + closing;
    const end = Math.min(shared, closed);
    const rendered = full.slice(prompt.length, end);
    if (end <= prompt.length || !holds(rendered, messages[answer]?.content ?? '')) return undefined;
    segments.push({ text: full.slice(cursor, prompt.length), trained: false });
    segments.push({ text: rendered, trained: true, isClosed: closed <= shared });
    cursor = end;
  }
  return segments;
}

/** Whether a rendering holds an answer; templates trim it, and set the lines around thoughts anew. */
function holds(rendered: string, content: string): boolean {
  return rendered.includes(content.trim()) || withoutSpace(rendered).includes(withoutSpace(content));
}

function withoutSpace(text: string): string {
  return text.replace(/\s+/g, '');
}

/**
 * The text of an answer whose begin the template drops when it renders it, or writes into the generation prompt itself: thoughts
 * that later turns do not read (`content.split('</think>')[-1]`). The model writes them all the same, so the answer is
 * trained as it stands in the data, behind the generation prompt.
 */
function writtenAnswer(until: readonly Message[], template: ChatTemplate, tokens: TurnTokens): Segment[] {
  const content = until.at(-1)?.content ?? '';
  const prompt = template.render(until.slice(0, -1), true);
  const answered = template.render(until, false);
  const plain = probe(until, template) ?? answered;
  const opened = prompt.slice(commonPrefix(prompt, plain));
  const head = prompt.length - opened.length;
  const turnEnd = turnEndOf(until, template, { answered, promptLength: head }, tokens);
  const rendered = answered.slice(head, answered.length - turnEnd.length).trim();
  const dropped = content.slice(0, content.trimEnd().length - rendered.length);
  if (opened.trim() !== '' && !content.trimStart().startsWith(opened.trim())) {
    if (/^<\w+>$/.test(opened.trim()) && answered.startsWith(prompt.slice(0, head)))
      throw new UnmaskableError(
        `${template.name} opens ${opened.trim()} before an answer, and this answer does not begin with it: give the thoughts with it, or name another dataset.template`,
      );
    throw unmaskable(template);
  }
  if (!answered.startsWith(prompt.slice(0, head))) throw unmaskable(template);
  if (!content.trimEnd().endsWith(rendered) || (opened.trim() === '' && !/<\/\w+>\s*$/.test(dropped)))
    throw new UnmaskableError(
      `${template.name} rewrites the answer, so it would be trained otherwise than it is written: name another dataset.template`,
    );
  const closing = trainedEnd(turnEnd, tokens);
  const written = opened === '' ? content : content.trimStart().slice(opened.trim().length);
  return [
    { text: prompt, trained: false },
    {
      text: (/\s$/.test(opened) ? written.trimStart() : written).trimEnd() + turnEnd.slice(0, closing),
      trained: true,
      isClosed: closing !== undefined,
    },
  ];
}

function unmaskable({ name }: ChatTemplate): UnmaskableError {
  return new UnmaskableError(
    `${name} does not continue its own generation prompt, so the answer cannot be told from the question`,
  );
}
