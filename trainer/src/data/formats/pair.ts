import type { Conversation, Message } from '../conversation.js';
import { fieldAmong, isAbsent, RowError, textField, type Row } from './row-format.js';
import { toolsOf } from './tool-calls.js';
import { words } from '../../words/index.js';
import { chatOf, SYSTEM_FIELDS } from './turns.js';

/** Names of the answer to one question. */
export const ANSWER_FIELDS = [
  'output',
  'response',
  'completion',
  'answer',
  'solution',
  '输出',
  '答案',
  '回答',
] as const;
/** What the question is about. */
export const CONTEXT_FIELDS = ['context'] as const;
/** What may stand beside question and answer. */
export const ASIDE_FIELDS = [...SYSTEM_FIELDS, 'history', 'tools', 'functions', 'reasoning_content'] as const;

export function hasAnswer(row: Row): boolean {
  return ANSWER_FIELDS.some((field) => field in row);
}

/** One question and its answer, after what went before. */
export function pairConversation(
  row: Row,
  questionFields: readonly string[],
  inputFields: readonly string[],
): Conversation {
  const questionField = fieldAmong(row, questionFields) ?? questionFields.find((field) => field in row);
  const answerField = fieldAmong(row, ANSWER_FIELDS) ?? ANSWER_FIELDS.find((field) => field in row);
  const inputField = fieldAmong(row, inputFields);
  const question = [questionField, inputField]
    .map((field) => (field === undefined ? '' : (textField(row, field) ?? '')))
    .filter((part) => part.trim() !== '')
    .join('\n');
  if (question === '') throw new RowError(absence(row, questionField, questionFields[0] ?? ''));
  const answer = answerField === undefined ? undefined : textField(row, answerField);
  if (answer === undefined || answer.trim() === '') throw new RowError(absence(row, answerField, 'output'));
  const reasoning = textField(row, 'reasoning_content');
  const system = SYSTEM_FIELDS.map((field) => textField(row, field)).find(Boolean);
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
