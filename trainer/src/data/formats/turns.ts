import { isJsonObject } from '../../support/index.js';
import { isTrainedAnswer, type Conversation, type Message } from '../conversation.js';
import { SYSTEM_NAMES } from './column-names.js';
import { turnKindOf } from './roles.js';
import { isAbsent, RowError, shown, textField, type Row } from './row-format.js';
import { callsInText, parsedIfText, toolCallsOf, toolsOf } from './tool-calls.js';
import { contentOfTurn } from './turn-content.js';
import { MARK_FIELDS, markOf, refuseUnreadParts } from './turn-marks.js';
import { words } from '../../words/index.js';

type Chat = Extract<Conversation, { kind: 'chat' }>;

/** Fields of a turn that are read. */
export const TURN_FIELDS: ReadonlySet<string> = new Set([
  'role',
  'from',
  'content',
  'value',
  'text',
  'human',
  'assistant',
  'name',
  'tool_call_id',
  'tool_calls',
  'function_call',
  'reasoning_content',
  'reasoning',
  'thinking',
  ...MARK_FIELDS,
]);

/** The conversation of a row whose turns stand in `list`. @throws RowError with the turn and the field */
export function readTurns(row: Row, list: string): Chat {
  const value = parsedIfText(row[list], list);
  if (!Array.isArray(value) || value.length === 0) throw new RowError(words().rows.mustBeTurns(list));
  const turns = value.flatMap((turn: unknown, index) => messagesOf(turn, `${list}[${index}]`));
  return chatOf(withSystem(turns, row), list, row);
}

/** What follows the last answer that is trained has nothing to train. */
export function chatOf(turns: readonly Message[], list: string, row: Row): Chat {
  const end = turns.findLastIndex(isTrainedAnswer) + 1;
  if (end === 0) {
    const has = turns.some(({ role }) => role === 'assistant');
    throw new RowError(has ? words().rows.noTrainedAnswer(list) : words().rows.noAnswer(list));
  }
  const messages = turns.slice(0, end);
  if (messages.some(isEmptyAnswer)) throw new RowError(words().rows.emptyAnswer(list));
  const tools = toolsOf(row);
  return { kind: 'chat', messages, ...(tools === undefined ? {} : { tools }) };
}

/** Thoughts without an answer are none. */
function isEmptyAnswer({ role, content, toolCalls }: Message): boolean {
  return role === 'assistant' && content.trim() === '' && toolCalls === undefined;
}

function withSystem(turns: readonly Message[], row: Row): readonly Message[] {
  const system = SYSTEM_NAMES.map((field) => textField(row, field)).find((words) => words);
  if (!system || turns[0]?.role === 'system') return turns;
  return [{ role: 'system', content: system }, ...turns];
}

function messagesOf(turn: unknown, path: string): Message[] {
  if (!isJsonObject(turn)) throw new RowError(words().rows.mustBeObject(path));
  if (!('role' in turn) && !('from' in turn) && 'human' in turn && 'assistant' in turn)
    return pairOf(turn, path);
  return [messageOf(turn, path)];
}

/** A turn of both, as `{human, assistant}`. */
function pairOf(turn: Row, path: string): Message[] {
  return (['human', 'assistant'] as const).map((field) => {
    const content = textField(turn, field, `${path}.${field}`);
    if (content === undefined) throw new RowError(words().rows.missing(`${path}.${field}`));
    return { role: field === 'human' ? 'user' : 'assistant', content };
  });
}

function messageOf(turn: Row, path: string): Message {
  const roleField = 'role' in turn || !('from' in turn) ? 'role' : 'from';
  const name = textField(turn, roleField, `${path}.${roleField}`);
  const kind = name === undefined ? undefined : turnKindOf(name);
  if (kind === undefined)
    throw new RowError(words().rows.unknownRole(`${path}.${roleField}`, shown(name ?? null)));
  refuseUnreadParts(turn, path);
  const field =
    ['content', 'value', 'text'].find((candidate) => !isAbsent(turn[candidate])) ?? defaultField(roleField);
  const { text, reasoning } = contentOfTurn(turn, field, `${path}.${field}`);
  if (kind === 'call') return callTurn(text, turn, `${path}.${field}`, path);
  const toolCalls = kind === 'assistant' ? toolCallsOf(turn, path) : undefined;
  if (text === undefined && toolCalls === undefined)
    throw new RowError(words().rows.missing(`${path}.${field}`));
  const thoughts = kind === 'assistant' ? (reasoning ?? reasoningOf(turn, path)) : undefined;
  return {
    role: kind,
    content: text ?? '',
    ...(text === undefined ? { hasContent: false } : {}),
    ...(thoughts === undefined || thoughts === '' ? {} : { reasoning: thoughts }),
    ...(toolCalls === undefined ? {} : { toolCalls }),
    ...toolAnswer(turn, kind, path),
    ...markedAs(turn, kind, path),
  };
}

const defaultField = (roleField: string): string => (roleField === 'from' ? 'value' : 'content');

function callTurn(text: string | undefined, turn: Row, field: string, path: string): Message {
  if (text === undefined || text.trim() === '') throw new RowError(words().rows.missing(field));
  return {
    role: 'assistant',
    content: '',
    hasContent: false,
    toolCalls: callsInText(text, field),
    ...markedAs(turn, 'assistant', path),
  };
}

/** Of a question, a weight of 1 is what every row of some writers has, and asks for nothing. */
function markedAs(turn: Row, role: Message['role'], path: string): Pick<Message, 'isTrained' | 'mark'> {
  const mark = markOf(turn, path);
  if (mark === undefined) return {};
  if (role === 'assistant') return mark.isTrained ? {} : { isTrained: false };
  return mark.isTrained && mark.path.endsWith('.weight') ? {} : { mark };
}

function toolAnswer(turn: Row, kind: Message['role'], path: string): Pick<Message, 'name' | 'toolCallId'> {
  if (kind !== 'tool') return {};
  const name = textField(turn, 'name', `${path}.name`);
  const toolCallId = textField(turn, 'tool_call_id', `${path}.tool_call_id`);
  return { ...(name === undefined ? {} : { name }), ...(toolCallId === undefined ? {} : { toolCallId }) };
}

function reasoningOf(turn: Row, path: string): string | undefined {
  for (const field of ['reasoning_content', 'reasoning', 'thinking']) {
    const words = textField(turn, field, `${path}.${field}`);
    if (words !== undefined && words !== '') return words;
  }
  return undefined;
}
