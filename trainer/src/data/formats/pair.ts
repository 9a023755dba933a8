import type { Conversation, Message } from '../conversation.js';
import { fieldAmong, isAbsent, RowError, textField, type Row } from './row-format.js';
import { toolsOf } from './tool-calls.js';
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
  if (question === '')
    throw new RowError(`"${questionField ?? questionFields[0]}" is ${absence(row, questionField)}`);
  const answer = answerField === undefined ? undefined : textField(row, answerField);
  if (answer === undefined || answer.trim() === '')
    throw new RowError(`"${answerField ?? 'output'}" is ${absence(row, answerField)}`);
  const reasoning = textField(row, 'reasoning_content');
  const system = SYSTEM_FIELDS.map((field) => textField(row, field)).find((words) => words);
  const messages: Message[] = [
    ...(system ? [{ role: 'system', content: system } as const] : []),
    ...history(row),
    { role: 'user', content: question },
    { role: 'assistant', content: answer, ...(reasoning ? { reasoning } : {}) },
  ];
  return toolsOf(row) === undefined ? { kind: 'chat', messages } : chatOf(messages, 'history', row);
}

function absence(row: Row, field: string | undefined): string {
  return field === undefined || isAbsent(row[field]) ? 'missing' : 'empty';
}

function history(row: Row): Message[] {
  const turns = row['history'];
  if (isAbsent(turns) || turns === '') return [];
  if (!Array.isArray(turns)) throw new RowError('"history" must be a list of [question, answer] pairs');
  return turns.flatMap((turn: unknown, index): Message[] => {
    const pair: unknown[] = Array.isArray(turn) && turn.length === 2 ? turn : [];
    const path = `history[${index}]`;
    if (pair.length !== 2 || pair.some((words) => typeof words !== 'string'))
      throw new RowError(`"${path}" must be a [question, answer] pair of texts`);
    const words = pair.map(
      (_, side) => textField(pair as unknown as Row, String(side), `${path}[${side}]`) ?? '',
    );
    return [
      { role: 'user', content: words[0]! },
      { role: 'assistant', content: words[1]! },
    ];
  });
}
