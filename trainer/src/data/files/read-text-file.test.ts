import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dataFile } from '../test-data.js';
import type { ReadOptions } from './encoding/read-text.js';
import { readRows } from './read-rows.js';

async function read(content: string | Buffer, options: Partial<ReadOptions> = {}, name = 'a.txt') {
  const path = dataFile(name, '');
  writeFileSync(path, content);
  const notes: string[] = [];
  const rows: unknown[] = [];
  const note = (message: string) => void notes.push(message.slice(path.length + 1));
  for await (const { row } of readRows(path, { encoding: undefined, note, ...options })) rows.push(row);
  return { rows, notes };
}

const TABLE = '问题\t答案\r\n甲？\t乙\r\n';
const ROW = { 问题: '甲？', 答案: '乙' };

describe('a .txt file', () => {
  it('is a table where a spreadsheet saved one', async () => {
    const unicodeText = Buffer.from(`\uFEFF${TABLE}`, 'utf16le');
    const { rows, notes } = await read(unicodeText);
    expect(rows).toEqual([ROW]);
    expect(notes).toContainEqual(expect.stringMatching(/^is read as UTF-16LE and not as UTF-8/));
    expect(notes).toContainEqual(expect.stringMatching(/^is read as a table, by its first lines/));
  });

  it.each([
    ['known names', 'Question;Answer\na;b\n'],
    ['a comma', 'question,answer\na,b\n'],
    ['even tabs', 'this\tthat\na\tb\n'],
  ])('is a table with %s', async (_, text) => {
    const { rows } = await read(text);
    expect(Object.values(rows[0] as object)).toEqual(['a', 'b']);
  });

  it('is a table with the columns that are named', async () =>
    expect((await read('甲方说,乙方说\na,b\n', { columns: ['甲方说'] })).rows).toEqual([
      { 甲方说: 'a', 乙方说: 'b' },
    ]));

  it('is JSON where it begins so', async () => {
    expect((await read('{"question":"a","answer":"b"}\n')).rows).toEqual([{ question: 'a', answer: 'b' }]);
    expect((await read('[\n{"question":"a","answer":"b"}\n]')).rows).toHaveLength(1);
  });

  it.each([
    ['sentences', 'Once upon a time, there was a king.\nHe had a question, and no answer.\n'],
    ['uneven tabs', 'a\tb\nc\n'],
    ['a set phrase', '{name}, hello\n'],
    ['one line with a tab', 'a\tb'],
  ])('is running text with %s', async (_, text) => {
    const { rows, notes } = await read(text);
    expect(rows).toEqual(
      text
        .trimEnd()
        .split('\n')
        .map((line) => ({ text: line })),
    );
    expect(notes).toEqual([]);
  });

  it('is running text where the job says so', async () =>
    expect((await read(TABLE, { isRunningText: true })).rows).toHaveLength(2));
});

describe('an object around the rows', () => {
  const rows = [{ question: 'a', answer: 'b' }];

  it.each([
    ['on one line', JSON.stringify({ version: 1, data: rows })],
    ['over several lines', JSON.stringify({ version: 1, data: rows }, null, 2)],
  ])('%s is opened, and that is told', async (_, text) => {
    const found = await read(text, {}, 'a.json');
    expect(found.rows).toEqual(rows);
    expect(found.notes).toEqual([' the rows are taken from the list "data"; not used: version']);
  });

  it('with two lists is left to its owner', async () => {
    const both = { train: rows, test: rows };
    expect((await read(JSON.stringify(both), {}, 'a.json')).rows).toEqual([both]);
  });

  it('is none where it is a row, or the job names its columns', async () => {
    const turns = { messages: [{ role: 'user', content: 'a' }] };
    expect((await read(JSON.stringify(turns), {}, 'a.json')).rows).toEqual([turns]);
    const named = { data: rows };
    expect((await read(JSON.stringify(named), { columns: ['data'] }, 'a.json')).rows).toEqual([named]);
  });
});
