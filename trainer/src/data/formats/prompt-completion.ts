import type { Conversation } from '../conversation.js';
import { ANSWER_NAMES, ASSISTANT_NAMES, CONTEXT_NAMES, QUESTION_NAMES, USER_NAMES } from './column-names.js';
import { ASIDE_FIELDS, hasOne, pairConversation, type PairNames } from './pair.js';
import { fieldAmong, RowError, type Row, type RowFormat } from './row-format.js';
import { readTurns } from './turns.js';
import { words } from '../../words/index.js';

const NAMES: PairNames = { question: QUESTION_NAMES, input: CONTEXT_NAMES, answer: ANSWER_NAMES };
const SPEAKERS: PairNames = { question: USER_NAMES, input: CONTEXT_NAMES, answer: ASSISTANT_NAMES };

/** `prompt` and `completion`, `question` and `answer`, 问题 and 答案 …: one question, one answer; or two lists of turns. */
export const promptCompletion: RowFormat = {
  name: 'prompt-completion',
  fields: fieldsOf(NAMES),
  matches: (row) => hasOne(row, NAMES.question) && hasOne(row, NAMES.answer),
  read: (row) => [Array.isArray(row['prompt']) ? twoLists(row) : pairConversation(row, NAMES)],
};

/** The same where the columns are named after who speaks: 用户 and 助手, `user` and `assistant`. */
export const speakerColumns: RowFormat = {
  name: 'prompt-completion',
  fields: fieldsOf(SPEAKERS),
  matches: (row) => hasOne(row, SPEAKERS.question) && hasOne(row, SPEAKERS.answer),
  read: (row) => [pairConversation(row, SPEAKERS)],
};

function fieldsOf({ question, input, answer }: PairNames): ReadonlySet<string> {
  return new Set([...question, ...input, ...answer, ...ASIDE_FIELDS]);
}

function twoLists(row: Row): Conversation {
  const answer = fieldAmong(row, NAMES.answer) ?? 'completion';
  const [prompt, completion] = [row['prompt'], row[answer]];
  const end = typeof completion === 'string' ? [{ role: 'assistant', content: completion }] : completion;
  if (!Array.isArray(prompt) || !Array.isArray(end)) throw new RowError(words().rows.mustBeTurnsToo(answer));
  // The answers of the prompt were given before; the completion is what is learnt.
  const given = prompt.map((turn: unknown) =>
    typeof turn === 'object' && turn !== null && !Array.isArray(turn) && (turn as Row)['role'] === 'assistant'
      ? { ...turn, weight: 0 }
      : turn,
  );
  return readTurns({ ...row, messages: [...given, ...(end as unknown[])] }, 'messages');
}
