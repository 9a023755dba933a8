import { SYSTEM_NAMES } from './column-names.js';
import type { Row, RowFormat } from './row-format.js';
import { readTurns } from './turns.js';

const FIELDS = ['tools', 'functions', ...SYSTEM_NAMES];

/** `messages`: a list of `{role, content}`. */
export const messages: RowFormat = {
  name: 'messages',
  fields: new Set(['messages', ...FIELDS]),
  matches: (row) => isList(row['messages']),
  read: (row) => [readTurns(row, 'messages')],
};

/** `conversations` (or `conversation`): a list of `{from, value}` with from = human, gpt, system …; optionally `system`. */
export const sharegpt: RowFormat = {
  name: 'sharegpt',
  fields: new Set(['conversations', 'conversation', ...FIELDS]),
  matches: (row) => isList(row[listOf(row)]),
  read: (row) => [readTurns(row, listOf(row))],
};

function listOf(row: Row): string {
  return 'conversation' in row && !('conversations' in row) ? 'conversation' : 'conversations';
}

/** Tables hold lists as JSON texts. */
function isList(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'string' && /^\s*\[\s*\{/.test(value));
}
