import type { Conversation, Message } from '../conversation.js';
import { isJsonObject } from '../../support/index.js';
import { RowError, textField, type Row, type RowFormat } from './row-format.js';

/**
 * `instruction`, `input`, `output` (or `response`), and optionally `system` and `history` (pairs of question and answer).
 * A list `instances` of `{input, output}` asks the same for several inputs, as in Self-Instruct.
 */
export const alpaca: RowFormat = {
  name: 'alpaca',
  matches: (row) =>
    'instruction' in row && ('output' in row || 'response' in row || Array.isArray(row['instances'])),
  read(row): Conversation[] {
    const { instances } = row;
    if (!Array.isArray(instances)) return [conversationOf(row)];
    if (instances.length === 0) throw new RowError('"instances" is empty');
    return instances.map((instance: unknown, index) => {
      if (!isJsonObject(instance)) throw new RowError(`"instances[${index}]" must be an object`);
      return conversationOf({ ...row, ...instance });
    });
  },
};

function conversationOf(row: Row): Conversation {
  const instruction = textField(row, 'instruction') ?? '';
  const input = textField(row, 'input') ?? '';
  const answer = textField(row, 'output') ?? textField(row, 'response');
  const question = [instruction, input].filter((part) => part.trim() !== '').join('\n');
  if (question === '') throw new RowError('"instruction" is empty');
  if (answer === undefined) throw new RowError('"output" is missing');
  if (answer.trim() === '') throw new RowError('"output" is empty');
  const system = textField(row, 'system');
  return {
    kind: 'chat',
    messages: [
      ...(system ? [{ role: 'system', content: system } as const] : []),
      ...history(row),
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ],
  };
}

function history(row: Row): Message[] {
  const turns = row['history'];
  if (turns === undefined || turns === null) return [];
  if (!Array.isArray(turns)) throw new RowError('"history" must be a list of [question, answer] pairs');
  return turns.flatMap((turn: unknown, index): Message[] => {
    const [question, answer]: unknown[] = Array.isArray(turn) && turn.length === 2 ? turn : [];
    if (typeof question !== 'string' || typeof answer !== 'string') {
      throw new RowError(`"history[${index}]" must be a [question, answer] pair of texts`);
    }
    return [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ];
  });
}
