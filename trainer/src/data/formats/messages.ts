import type { Conversation, Message, Role } from '../conversation.js';
import { isJsonObject } from '../../support/index.js';
import { RowError, textField, type RowFormat } from './row-format.js';

/** `messages`: a list of `{role, content}`. */
export const messages: RowFormat = {
  name: 'messages',
  matches: (row) => Array.isArray(row['messages']),
  read: (row) => [readTurns(row['messages'], 'messages', 'role', 'content', ROLES)],
};

/** `conversations`: a list of `{from, value}` with from = human, gpt, system …; optionally `system`. */
export const sharegpt: RowFormat = {
  name: 'sharegpt',
  matches: (row) => Array.isArray(row['conversations']),
  read(row) {
    const conversation = readTurns(row['conversations'], 'conversations', 'from', 'value', SHAREGPT_ROLES);
    const system = textField(row, 'system');
    if (!system || conversation.messages[0]?.role === 'system') return [conversation];
    return [{ kind: 'chat', messages: [{ role: 'system', content: system }, ...conversation.messages] }];
  },
};

const ROLES: Readonly<Record<string, Role>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
};

const SHAREGPT_ROLES: Readonly<Record<string, Role>> = {
  ...ROLES,
  human: 'user',
  gpt: 'assistant',
  chatgpt: 'assistant',
  observation: 'tool',
};

function readTurns(
  value: unknown,
  list: string,
  roleField: string,
  contentField: string,
  roles: Readonly<Record<string, Role>>,
): Extract<Conversation, { kind: 'chat' }> {
  if (!Array.isArray(value) || value.length === 0)
    throw new RowError(`"${list}" must be a list with at least one turn`);
  const turns = value.map((turn: unknown, index): Message => {
    if (!isJsonObject(turn)) throw new RowError(`"${list}[${index}]" must be an object`);
    const name = textField(turn, roleField);
    const role = name === undefined ? undefined : roles[name];
    if (role === undefined) {
      throw new RowError(
        `"${list}[${index}].${roleField}" is ${JSON.stringify(name ?? null)}, which is no known role`,
      );
    }
    const content = textField(turn, contentField);
    if (content === undefined) throw new RowError(`"${list}[${index}].${contentField}" is missing`);
    return { role, content };
  });
  // What follows the last answer has nothing to train.
  const end = turns.findLastIndex((turn) => turn.role === 'assistant') + 1;
  if (end === 0) throw new RowError(`"${list}" has no answer of the assistant`);
  const kept = turns.slice(0, end);
  if (kept.some((turn) => turn.role === 'assistant' && turn.content.trim() === '')) {
    throw new RowError(`"${list}" has an empty answer`);
  }
  return { kind: 'chat', messages: kept };
}
