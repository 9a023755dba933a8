import type { Conversation } from '../conversation.js';
import { ANSWER_FIELDS, ASIDE_FIELDS, CONTEXT_FIELDS, hasAnswer, pairConversation } from './pair.js';
import { fieldAmong, RowError, type Row, type RowFormat } from './row-format.js';
import { readTurns } from './turns.js';
import { words } from '../../words/index.js';

const QUESTION_FIELDS = ['prompt', 'question', 'query', 'problem', '问题', '提问', 'input'] as const;

/** `prompt` and `completion`, `question` and `answer`, 问题 and 答案 …: one question, one answer; or two lists of turns. */
export const promptCompletion: RowFormat = {
  name: 'prompt-completion',
  fields: new Set([...QUESTION_FIELDS, ...CONTEXT_FIELDS, ...ANSWER_FIELDS, ...ASIDE_FIELDS]),
  matches: (row) => QUESTION_FIELDS.some((field) => field in row) && hasAnswer(row),
  read(row) {
    return [
      Array.isArray(row['prompt']) ? twoLists(row) : pairConversation(row, QUESTION_FIELDS, CONTEXT_FIELDS),
    ];
  },
};

function twoLists(row: Row): Conversation {
  const answer = fieldAmong(row, ANSWER_FIELDS) ?? 'completion';
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
