import type { Conversation, Message } from '../conversation.js';
import { SYSTEM_NAMES } from './column-names.js';
import { fieldAmong, isAbsent, RowError, textField, type Row } from './row-format.js';
import { toolsOf } from './tool-calls.js';
import { words } from '../../words/index.js';
import { chatOf } from './turns.js';

/** What may stand beside question and answer. */
export const ASIDE_FIELDS = [...SYSTEM_NAMES, 'history', 'tools', 'functions', 'reasoning_content'] as const;

/** The names under which a format finds its parts. */
export interface PairNames {
  readonly question: readonly string[];
  /** What the question is about; it follows the question. */
  readonly input: readonly string[];
  readonly answer: readonly string[];
}

export function hasOne(row: Row, names: readonly string[]): boolean {
  return names.some((name) => name in row);
}

/** One question and its answer, after what went before. */
export function pairConversation(row: Row, names: PairNames): Conversation {
  const questionField = fieldAmong(row, names.question) ?? names.question.find((field) => field in row);
  const answerField = fieldAmong(row, names.answer) ?? names.answer.find((field) => field in row);
  const inputField = fieldAmong(row, names.input);
  const question = [questionField, inputField]
    .map((field) => (field === undefined ? '' : (textField(row, field) ?? '')))
    .filter((part) => part.trim() !== '')
    .join('\n');
  if (question === '') throw new RowError(absence(row, questionField, names.question[0] ?? ''));
  const answer = answerField === undefined ? undefined : textField(row, answerField);
  if (answer === undefined || answer.trim() === '') throw new RowError(absence(row, answerField, 'output'));
  const reasoning = textField(row, 'reasoning_content');
  const system = SYSTEM_NAMES.map((field) => textField(row, field)).find(Boolean);
  const messages: Message[] = [
    ...(system ? [{ role: 'system', content: system } as const] : []),
    ...history(row),
    { role: 'user', content: question },
    { role: 'assistant', content: answer, ...(reasoning ? { reasoning } : {}) },
  ];
  return toolsOf(row) === undefined ? { kind: 'chat', messages } : chatOf(messages, 'history', row);
}

function absence(row: Row, field: string | undefined, usual: string): string {
  if (field === undefined) return words().rows.missing(usual);
  return isAbsent(row[field]) ? words().rows.missing(field) : words().rows.empty(field);
}

function history(row: Row): Message[] {
  const turns = row['history'];
  if (isAbsent(turns) || turns === '') return [];
  if (!Array.isArray(turns)) throw new RowError(words().rows.mustBePairs('history'));
  return turns.flatMap((turn: unknown, index): Message[] => {
    const pair: unknown[] = Array.isArray(turn) && turn.length === 2 ? turn : [];
    const path = `history[${index}]`;
    if (pair.length !== 2 || pair.some((side) => typeof side !== 'string'))
      throw new RowError(words().rows.mustBePair(path));
    const texts = pair.map(
      (_, side) => textField(pair as unknown as Row, String(side), `${path}[${side}]`) ?? '',
    );
    return [
      { role: 'user', content: texts[0]! },
      { role: 'assistant', content: texts[1]! },
    ];
  });
}
