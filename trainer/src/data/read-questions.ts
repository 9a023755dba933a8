import { UserError } from '../errors.js';
import { isJsonObject } from '../support/index.js';
import { words } from '../words/index.js';
import type { Conversation, Message } from './conversation.js';
import { BrokenRow, UnusableRow } from './files/placed-row.js';
import { readRows } from './files/read-rows.js';
import { matchingFormat } from './formats/detect-format.js';
import { fieldList } from './formats/list-expected.js';
import { turnKindOf } from './formats/roles.js';
import { RowError, type Row } from './formats/row-format.js';

/** A question of a file, and the answer that its row has, if any. */
export interface Question {
  /** Ends with the question. */
  readonly messages: readonly Message[];
  readonly reference: string | undefined;
  /** `file:line` */
  readonly place: string;
}

/** Stands for the answer of a row that has none, so that the formats of training read it. */
const NO_ANSWER = '\uE0F3';
const LISTS = ['messages', 'conversations', 'conversation'];

/**
 * The questions of a data file in any format that training reads, with or without answers; of plain text, each line is one.
 * @param note hears what is not as usual about the file
 * @throws UserError with the place of a row that asks nothing
 */
export async function readQuestions(file: string, note: (message: string) => void): Promise<Question[]> {
  const questions: Question[] = [];
  for await (const { place, row } of readRows(file, { encoding: undefined, note })) {
    if (row instanceof BrokenRow || row instanceof UnusableRow)
      throw new UserError(`${place}: ${row.reason}`);
    for (const conversation of conversationsOf(row, place)) questions.push(questionOf(conversation, place));
  }
  if (questions.length === 0) throw new UserError(words().asking.noQuestions(file));
  return questions;
}

function questionOf(conversation: Conversation, place: string): Question {
  if (conversation.kind === 'text')
    return { messages: [{ role: 'user', content: conversation.text }], reference: undefined, place };
  const answer = conversation.messages.at(-1)?.content;
  return {
    messages: conversation.messages.slice(0, -1),
    reference: answer === NO_ANSWER ? undefined : answer,
    place,
  };
}

function conversationsOf(row: Row, place: string): readonly Conversation[] {
  const whole = withOpenTurnAnswered(row);
  let refusal: RowError | undefined;
  for (const candidate of [whole, { ...withoutEmpty(whole), output: NO_ANSWER }]) {
    try {
      const read = matchingFormat(candidate)?.read(candidate);
      if (read) return read;
    } catch (error) {
      if (!(error instanceof RowError)) throw error;
      refusal ??= error;
    }
  }
  throw new UserError(
    refusal === undefined
      ? words().asking.noQuestionIn(place, fieldList(Object.keys(row)))
      : `${place}: ${refusal.message}`,
  );
}

/** A list of turns whose last one is not the assistant's asks for an answer. */
function withOpenTurnAnswered(row: Row): Row {
  for (const name of LISTS) {
    const turns = row[name];
    const last: unknown = Array.isArray(turns) ? turns.at(-1) : undefined;
    if (!Array.isArray(turns) || !isJsonObject(last)) continue;
    const role = last['role'] ?? last['from'];
    if (typeof role === 'string' && turnKindOf(role) === 'user')
      return { ...row, [name]: [...(turns as unknown[]), { role: 'assistant', content: NO_ANSWER }] };
  }
  return row;
}

/** An empty answer is none. */
function withoutEmpty(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).filter(
      ([, value]) => value !== null && !(typeof value === 'string' && value.trim() === ''),
    ),
  );
}
