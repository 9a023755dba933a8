import type { Conversation } from '../conversation.js';
import { fingerprint } from '../min-hash.js';

/** The first question of a row and its answer; undefined where there is none. */
export interface QuestionAndAnswer {
  readonly question: string;
  readonly answer: string;
}

export function questionOf(conversation: Conversation): QuestionAndAnswer | undefined {
  if (conversation.kind === 'text') return undefined;
  const { messages } = conversation;
  const at = messages.findIndex(({ role }) => role === 'assistant');
  const question = messages.slice(0, Math.max(0, at)).map(({ content }) => content);
  const answer = messages[at]?.content ?? '';
  return question.length === 0 || answer === '' ? undefined : { question: question.join('\n'), answer };
}

/** Finds questions that were asked before and answered otherwise. Case, width, punctuation and white space do not count. */
export class Questions {
  private readonly rows = new Map<number, { readonly row: number; readonly answer: number }>();

  /** @returns the row that asks the same and answers otherwise */
  add({ question, answer }: QuestionAndAnswer, row: number): number | undefined {
    const key = fingerprint(question);
    const mark = fingerprint(answer);
    const before = this.rows.get(key);
    if (before === undefined) this.rows.set(key, { row, answer: mark });
    return before !== undefined && before.answer !== mark ? before.row : undefined;
  }
}
