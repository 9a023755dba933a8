import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors.js';
import { WrittenNumber } from '../exact-json.js';
import { dataFile } from '../test-data.js';
import { UnusableRow } from './placed-row.js';
import { readRows } from './read-rows.js';

/** A file with these bytes. */
function fileOf(name: string, bytes: Uint8Array | string): string {
  const path = dataFile(name, '');
  writeFileSync(path, bytes);
  return path;
}

async function read(path: string, encoding?: string) {
  const notes: string[] = [];
  const rows: { place: string; row: unknown }[] = [];
  for await (const row of readRows(path, { encoding, note: (message) => void notes.push(message) }))
    rows.push(row);
  return {
    notes,
    rows: rows.map(({ row }) => row),
    places: rows.map(({ place }) => place.slice(path.length)),
  };
}

const refusal = async (path: string, encoding?: string): Promise<string> => {
  const error: unknown = await read(path, encoding).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message.replace(dirname(path) + '/', '');
};

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const JSON_ROWS = '{"instruction":"问","output":"答"}\n';

describe('the encoding of a text file', () => {
  // 请问公司在上海的办公室有多少人？ in GBK, as an office program saves it.
  const GBK = Buffer.concat([
    latin1('{"instruction":"'),
    Buffer.from('c7ebcecab9abcbbed4dac9cfbaa3b5c4b0ecb9abcad2d3d0b6e0c9d9c8cba3bf', 'hex'),
    latin1('","output":"2"}\n'),
  ]);

  it('is GB18030 where the text is Chinese beyond doubt, and that is said', async () => {
    const path = fileOf('a.jsonl', GBK);
    const { rows, notes } = await read(path);
    expect(rows).toEqual([{ instruction: '请问公司在上海的办公室有多少人？', output: '2' }]);
    expect(notes).toEqual([
      `${path} is read as GB18030 and not as UTF-8: read so, it is Chinese; another encoding may be named in dataset.encoding`,
    ]);
  });

  it.each([
    ['utf16le with a mark', 'utf-16le', '\uFEFF' + JSON_ROWS, 'UTF-16LE'],
    ['utf16le without one', 'utf-16le', '{"instruction":"q","output":"a"}', 'UTF-16LE'],
  ])('is %s', async (_, __, text, name) => {
    const path = fileOf('a.jsonl', Buffer.from(text, 'utf16le'));
    const { rows, notes } = await read(path);
    expect(rows).toHaveLength(1);
    expect(notes[0]).toContain(`is read as ${name} and not as UTF-8`);
  });

  it('is big-endian UTF-16 where the mark says so', async () => {
    const path = fileOf('a.csv', Buffer.from('\uFEFFtext\nab\n', 'utf16le').swap16());
    expect((await read(path)).rows).toEqual([{ text: 'ab' }]);
  });

  it('is UTF-8 with a byte order mark without a word', async () => {
    for (const [name, text] of [
      ['a.jsonl', JSON_ROWS],
      ['a.csv', 'instruction,output\n问,答\n'],
    ] as const) {
      const { rows, notes } = await read(fileOf(name, '\uFEFF' + text));
      expect(rows).toEqual([{ instruction: '问', output: '答' }]);
      expect(notes).toEqual([]);
    }
  });

  it.each<[string, string, Buffer | string, string]>([
    [
      'Latin accents',
      'a.jsonl',
      latin1('{"text":"a"}\n{"text":"café très"}\n'),
      'a.jsonl:2 is not UTF-8 text and may be WINDOWS-1252 (dataset.encoding: windows-1252): save the file as UTF-8, or name its encoding in dataset.encoding.',
    ],
    [
      'Korean',
      'a.txt',
      // 오늘은 날씨가 좋습니다 in EUC-KR
      Buffer.from('bfc0b4c3c0ba20b3afbebeb0a120c1c1bdc0b4cfb4d9', 'hex'),
      'a.txt:1 is not UTF-8 text and may be EUC-KR (dataset.encoding: euc-kr): save the file as UTF-8, or name its encoding in dataset.encoding.',
    ],
    [
      'a line of GBK among UTF-8',
      'a.jsonl',
      Buffer.concat([Buffer.from('{"text":"请问公司在上海的办公室"}\n'), GBK]),
      'a.jsonl:2 is not UTF-8 text and may be GB18030 (dataset.encoding: gb18030): save the file as UTF-8, or name its encoding in dataset.encoding.',
    ],
    [
      'a table in another encoding',
      'a.csv',
      latin1('instruction,output\na,b\nc,\x81\x8d\n'),
      'a.csv:3 is not UTF-8 text: save the file as UTF-8, or name its encoding in dataset.encoding.',
    ],
    [
      'UTF-32',
      'a.txt',
      Buffer.from('fffe000061000000', 'hex'),
      'a.txt:1 is UTF-32 text, which is not read: save the file as UTF-8.',
    ],
    [
      'a pointer of Git LFS',
      'a.jsonl',
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
      'a.jsonl is a Git LFS pointer and not the file itself: run "git lfs pull" where it lies.',
    ],
    [
      'a page of a web server',
      'a.json',
      '<!DOCTYPE html><html>',
      'a.json is a web page and not the file itself: fetch it again, by the address of the raw file.',
    ],
    [
      'a workbook under a wrong name',
      'a.csv',
      Buffer.from('504b030414000600', 'hex'),
      'a.csv is a ZIP archive or an Excel workbook: unpack it, or let its name end with .xlsx.',
    ],
  ])('of %s is refused with the line and a way out', async (_, name, bytes, message) => {
    expect(await refusal(fileOf(name, bytes))).toBe(message);
  });

  it('is what dataset.encoding says, strictly', async () => {
    const path = fileOf('a.txt', latin1('café\n'));
    expect((await read(path, 'windows-1252')).rows).toEqual([{ text: 'café' }]);
    expect(await refusal(fileOf('b.txt', latin1('ok\n\x81\n')), 'gb18030')).toBe(
      'b.txt:2 is not GB18030 text: name the encoding of the file in dataset.encoding, or save it as UTF-8.',
    );
  });

  it('never replaces a byte, wherever it stands', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async (bytes) => {
        const path = fileOf('a.txt', bytes);
        const texts = await read(path).then(
          ({ rows }) => rows.map((row) => (row as { text: string }).text),
          () => [],
        );
        for (const text of texts)
          if (!Buffer.from(bytes).includes('\uFFFD')) expect(text).not.toContain('\uFFFD');
      }),
      { numRuns: 100 },
    );
  });
});

describe('the rows of a file', () => {
  const ROWS = [
    { instruction: 'a', output: 'b' },
    { instruction: 'c', output: 'd' },
  ];
  const LINES = ROWS.map((row) => JSON.stringify(row)).join('\n');

  it.each<[string, string, Buffer | string]>([
    ['lines', 'a.jsonl', LINES],
    ['lines with carriage returns', 'a.jsonl', LINES.replace('\n', '\r\n')],
    ['lines in a .json file', 'a.json', LINES],
    ['a list', 'a.json', JSON.stringify(ROWS)],
    ['a printed list', 'a.json', JSON.stringify(ROWS, null, 2)],
    ['a list in a .jsonl file', 'a.jsonl', JSON.stringify(ROWS)],
    [
      'printed objects, one after the other',
      'a.jsonl',
      ROWS.map((row) => JSON.stringify(row, null, 2)).join('\n'),
    ],
    ['compressed lines', 'a.jsonl.gz', gzipSync(LINES)],
    ['compressed lines without the name', 'a.jsonl', gzipSync(LINES)],
    ['a table', 'a.csv', 'instruction,output\na,b\nc,d\n'],
    ['a compressed table', 'a.csv.gz', gzipSync('instruction,output\na,b\nc,d\n')],
    ['a table with semicolons', 'a.csv', 'instruction;output\na;b\nc;d\n'],
    ['a table of Excel', 'a.csv', 'sep=;\r\ninstruction;output\r\na;b\r\nc;d\r\n'],
    ['a table with empty rows', 'a.csv', 'instruction,output\r\na,b\r\n,\r\nc,d\r\n,\r\n'],
    ['a table with tabs', 'a.tsv', 'instruction\toutput\na\tb\nc\td\n'],
  ])('are those of %s', async (_, name, content) => {
    expect((await read(fileOf(name, content))).rows).toEqual(ROWS);
  });

  it('are the lines of a text', async () => {
    const { rows, places } = await read(fileOf('a.txt', 'one\n\n  two \r\n'));
    expect(rows).toEqual([{ text: 'one' }, { text: '  two ' }]);
    expect(places).toEqual([':1', ':3']);
  });

  it('leave alone what programs keep beside an open file', async () => {
    const path = fileOf('a.jsonl', LINES);
    for (const name of ['~$a.xlsx', '._a.jsonl']) writeFileSync(join(dirname(path), name), 'x');
    expect((await read(dirname(path))).rows).toEqual(ROWS);
  });

  it('leave texts beside other data alone: they are readmes', async () => {
    const path = fileOf('a.jsonl', LINES);
    writeFileSync(join(dirname(path), 'README.txt'), 'not data');
    expect((await read(dirname(path))).rows).toEqual(ROWS);
    const texts = join(dirname(path), 'texts');
    mkdirSync(texts);
    writeFileSync(join(texts, 'a.txt'), 'data');
    expect((await read(texts)).rows).toEqual([{ text: 'data' }]);
  });

  it('end at line feeds only: other separators stand in JSON as they are', async () => {
    const row = { text: 'a\u2028b\u2029c\u0085d' };
    expect((await read(fileOf('a.jsonl', JSON.stringify(row)))).rows).toEqual([row]);
  });

  it('keep the numbers as they are written', async () => {
    const text = '{"a":12345678901234567890,"b":1.10,"c":1.0,"d":1e22,"e":-0,"f":7,"g":"1.10","h":[2.50]}';
    const [row] = (await read(fileOf('a.jsonl', text))).rows;
    const number = (digits: string) => new WrittenNumber(digits);
    expect(row).toEqual({
      a: number('12345678901234567890'),
      b: number('1.10'),
      c: number('1.0'),
      d: number('1e22'),
      e: number('-0'),
      f: 7,
      g: '1.10',
      h: [number('2.50')],
    });
  });

  it.each<[string, string, string, string]>([
    [
      'a broken line',
      'a.jsonl',
      '{"a":1}\n{"a"\n',
      "a.jsonl:2: not valid JSON (Expected ':' after property name in JSON at position 4",
    ],
    ['a broken row of a list', 'a.json', '[\n{"a":1},\n{"a":1,}]', 'a.json:3: not valid JSON'],
    [
      'a list without an end',
      'a.json',
      '[\n{"a":1}\n',
      'a.json:3: not valid JSON (the text ends within its list).',
    ],
    [
      'a list that is cut',
      'a.json',
      '[{"a":1},\n{"a',
      'a.json:2: not valid JSON (the text ends within a value).',
    ],
    [
      'a missing comma',
      'a.json',
      '[{"a":1}\n{"a":2}]',
      'a.json:2: not valid JSON (a comma is missing between two rows).',
    ],
    [
      'something after the list',
      'a.json',
      '[{"a":1}] x',
      'a.json:1: not valid JSON (something follows the list).',
    ],
    [
      'a table with a name twice',
      'a.csv',
      'output,output\na,b\n',
      'a.csv:1: the column "output" is there twice: rename one of them.',
    ],
    [
      'a file of another program',
      'a.jsonl.zst',
      'x',
      'a.jsonl.zst: unknown kind of data file; unpack it; of compressed files, those of gzip are read, such as .jsonl.gz.',
    ],
  ])('of %s are refused at their place', async (_, name, content, message) => {
    const path = fileOf(name, content);
    const error = await read(path).then(
      ({ rows, places }) => `${name}${places.at(-1)}: ${(rows.at(-1) as { reason: string }).reason}`,
      (reason: unknown) => (reason as Error).message.replace(dirname(path) + '/', ''),
    );
    expect(error).toContain(message);
  });

  it('are left out one by one when they are too long to be held', async () => {
    const long = 'x'.repeat(17 << 20);
    const small = JSON.stringify(ROWS[0]);
    for (const [name, text] of [
      ['a.jsonl', `{"text":"${long}"}\n${small}\n`],
      ['a.json', `[{"text":"${long}"},${small}]`],
      ['a.txt', `${long}\nshort\n`],
    ] as const) {
      const { rows } = await read(fileOf(name, text));
      expect(rows[0]).toBeInstanceOf(UnusableRow);
      expect((rows[0] as UnusableRow).reason).toContain('longer than 16777216 characters');
      expect(rows).toHaveLength(2);
    }
    expect(await refusal(fileOf('a.csv', `text\n"${long}\n`))).toBe(
      'a.csv:2: a row is longer than 16777216 bytes; perhaps a quotation mark is not closed.',
    );
    expect(await refusal(fileOf('b.json', `{"version":"1","data":[{"text":"${long}"}]}`))).toBe(
      'b.json:1: expected a list of rows; this is an object with version, data: take the list out.',
    );
  });

  it('of a bomb are refused', async () => {
    const bomb = gzipSync(Buffer.alloc(80 << 20, 'x'));
    expect(await refusal(fileOf('a.txt.gz', bomb))).toMatch(
      /^a\.txt\.gz unpacks to more than \d+ bytes, 256 times its size/,
    );
    expect(await refusal(fileOf('b.txt.gz', gzipSync('abc').subarray(0, 15)))).toMatch(
      /^b\.txt\.gz is not a sound gzip file/,
    );
  });
});

describe('a field that a row has twice', () => {
  it.each([
    ['{"instruction":"a","output":"b","output":"c"}', '"output" stands in it twice'],
    [
      '{"messages":[{"role":"user","content":"1.10"},{"role":"assistant","content":"a","content":"b"}]}',
      '"messages[1].content" stands in it twice',
    ],
    ['{"a":{"x:y":[1.10,{"b":1,"\\u0062":2}]}}', '"a.x:y[1].b" stands in it twice'],
  ])('%s is left out by name', async (line, reason) => {
    const path = dataFile('a.jsonl', `{"instruction":"q","output":"a"}\n${line}\n`);
    const rows = [];
    for await (const row of readRows(path, { encoding: undefined, note: () => undefined })) rows.push(row);
    expect(rows[1]).toEqual({ place: `${path}:2`, row: new UnusableRow(reason) });
  });

  it('is no field of two objects, and no text that looks like one', async () => {
    const line = '{"a":[{"b":1.50},{"b":2}],"c":"{\\"b\\":1,\\"b\\":2}","d":{"a":"x: \\\\"}}';
    const path = dataFile('a.jsonl', `{"instruction":"q","output":"a"}\n${line}\n`);
    const rows = [];
    for await (const row of readRows(path, { encoding: undefined, note: () => undefined })) rows.push(row);
    expect(rows[1]?.row).toMatchObject({ d: { a: 'x: \\' } });
  });
});
