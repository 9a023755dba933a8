import { describe, expect, it } from 'vitest';
import { readQuestions } from './read-questions.js';
import { dataFile } from './test-data.js';

const read = (name: string, content: string | readonly object[]) =>
  readQuestions(dataFile(name, content), () => undefined);
const words = async (name: string, content: string | readonly object[]) =>
  (await read(name, content)).map(({ messages, reference }) => [
    messages.map(({ content: text }) => text).join('|'),
    reference,
  ]);

describe('questions of a file', () => {
  it('are the lines of a text', async () => {
    expect(await words('q.txt', '你好\n\nwho?\n')).toEqual([
      ['你好', undefined],
      ['who?', undefined],
    ]);
  });

  it.each([
    ['an answer', { instruction: 'q', input: 'in', output: 'a' }, ['q\nin', 'a']],
    ['no answer', { instruction: 'q' }, ['q', undefined]],
    ['an empty answer', { prompt: 'q', completion: '' }, ['q', undefined]],
    ['Chinese names', { 问题: '在哪里', 答案: '苏州' }, ['在哪里', '苏州']],
    ['a Chinese name alone', { 问题: '在哪里' }, ['在哪里', undefined]],
    ['turns that end with an answer', { messages: [turn('user', 'q'), turn('assistant', 'a')] }, ['q', 'a']],
    [
      'turns that end with a question',
      { messages: [turn('user', 'q'), turn('assistant', 'a'), turn('user', 'and?')] },
      ['q|a|and?', undefined],
    ],
    ['turns from a human', { conversations: [{ from: 'human', value: 'q' }] }, ['q', undefined]],
  ])('are read from a row with %s', async (_, row, expected) => {
    expect(await words('q.jsonl', [row])).toEqual([expected]);
  });

  it('name the row that asks nothing', async () => {
    await expect(read('q.jsonl', [{ prompt: 'q' }, { titel: 'x' }])).rejects.toThrow(
      /q\.jsonl:2: no question is found in the fields titel/,
    );
    await expect(read('q.jsonl', '')).rejects.toThrow(/holds no question/);
  });
});

function turn(role: string, content: string) {
  return { role, content };
}
