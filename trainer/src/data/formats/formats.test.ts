import { describe, expect, it } from 'vitest';
import type { Conversation } from '../conversation.js';
import { detectFormat, formatsByName } from './detect-format.js';
import { RowError, type Row } from './row-format.js';

/** `role: words` for each turn. */
const turns = (conversation: Conversation | undefined) =>
  conversation?.kind === 'chat'
    ? conversation.messages.map(({ role, content }) => `${role}: ${content}`)
    : conversation;
const readFirst = (row: Row) => turns(detectFormat(row, 'x:1').read(row)[0]);

describe('row formats', () => {
  it.each<[string, Row, unknown]>([
    ['alpaca', { instruction: 'Q', input: 'I', output: 'A' }, ['user: Q\nI', 'assistant: A']],
    ['alpaca with response', { instruction: 'Q', response: 'A' }, ['user: Q', 'assistant: A']],
    [
      'alpaca with history and system',
      { instruction: 'Q2', output: 'A2', system: 'S', history: [['Q1', 'A1']] },
      ['system: S', 'user: Q1', 'assistant: A1', 'user: Q2', 'assistant: A2'],
    ],
    [
      'sharegpt',
      {
        system: 'S',
        conversations: [
          { from: 'human', value: 'Q' },
          { from: 'gpt', value: 'A' },
          { from: 'human', value: 'unanswered' },
        ],
      },
      ['system: S', 'user: Q', 'assistant: A'],
    ],
    [
      'messages',
      {
        messages: [
          { role: 'user', content: 'Q' },
          { role: 'assistant', content: 'A' },
        ],
      },
      ['user: Q', 'assistant: A'],
    ],
    ['text', { text: 'running' }, { kind: 'text', text: 'running' }],
  ])('%s is detected and read', (_, row, expected) => expect(readFirst(row)).toEqual(expected));

  it('reads every instance of a row', () => {
    const row = {
      instruction: 'Q',
      instances: [
        { input: '1', output: 'a' },
        { input: '2', output: 'b' },
      ],
    };
    expect(detectFormat(row, 'x:1').read(row).map(turns)).toEqual([
      ['user: Q\n1', 'assistant: a'],
      ['user: Q\n2', 'assistant: b'],
    ]);
  });

  it.each<[string, Row, RegExp]>([
    ['alpaca', { instruction: '', output: 'A' }, /"instruction" is empty/],
    ['alpaca', { instruction: 'Q', output: { a: 1 } }, /"output" must be a text/],
    ['alpaca', { instruction: 'Q', output: 'A', history: [['only']] }, /"history\[0\]"/],
    ['sharegpt', { conversations: [{ from: 'alien', value: 'x' }] }, /"conversations\[0\]\.from" is "alien"/],
    ['messages', { messages: [{ role: 'user', content: 'Q' }] }, /no answer of the assistant/],
    ['messages', { messages: [] }, /at least one turn/],
    ['text', { text: ' ' }, /"text" is empty/],
  ])('%s says which field is wrong', (name, row, message) => {
    expect(() => formatsByName(name)[0]!.read(row)).toThrow(RowError);
    expect(() => formatsByName(name)[0]!.read(row)).toThrow(message);
  });
});
