import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../errors.js';
import { prepareData } from '../../prepare-data.js';
import { characterTokenizer, dataFile, datasetOf, TURN_TEMPLATE } from '../../test-data.js';
import { readRows } from '../read-rows.js';
import { workbookOf, zipOf, type TestPart } from './test-workbook.js';

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const OPENPYXL = fixture('openpyxl.xlsx');

function fileOf(bytes: Buffer, name = 'a.xlsx'): string {
  const path = dataFile(name, '');
  writeFileSync(path, bytes);
  return path;
}

async function read(path: string, sheet?: string) {
  const notes: string[] = [];
  const rows: { place: string; row: object }[] = [];
  const note = (message: string) => void notes.push(message.replace(`${dirname(path)}/`, ''));
  for await (const { place, row } of readRows(path, { encoding: undefined, note, sheet }))
    rows.push({ place: place.slice(path.length), row });
  return { notes, rows };
}

const values = async (path: string, sheet?: string) =>
  (await read(path, sheet)).rows.map(({ row }) => Object.values(row) as unknown[]);

async function refusal(path: string, sheet?: string): Promise<string> {
  const error: unknown = await read(path, sheet).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message.replace(`${dirname(path)}/`, '');
}

const cell = (reference: string, text: string) =>
  `<c r="${reference}" t="inlineStr"><is><t>${text}</t></is></c>`;
const HEAD = `<row r="1">${cell('A1', 'question')}${cell('B1', 'answer')}</row>`;
const sheet = (rows: string, after = '') => `<sheetData>${HEAD}${rows}</sheetData>${after}`;
const answer = (attributes: string, inner: string) =>
  values(
    fileOf(workbookOf(sheet(`<row r="2">${cell('A2', 'q')}<c r="B2" ${attributes}>${inner}</c></row>`))),
  );

describe('an Excel workbook', () => {
  it('gives the rows of its first sheet as they are shown', async () => {
    const { rows, notes } = await read(OPENPYXL);
    expect(rows.map(({ place, row }) => [place, ...Object.values(row)])).toEqual([
      [': 合同问答!A3', '1', '违约金是多少？', '12.5%', '2024-03-05'],
      [': 合同问答!A4', '2', '管辖法院？', '第20条', ''],
      [': 合同问答!A5', '3', '金额？', '1,234,567.50', ''],
      [': 合同问答!A6', '4', '签订日期？', '2024年3月5日', ''],
      [': 合同问答!A7', '5', '电话？', '13800138000', ''],
      [': 合同问答!A8', '6', '公式？', { reason: expect.stringContaining('without a stored result') }, ''],
      [': 合同问答!A10', '7', '甲？', '同一答案', ''],
      [': 合同问答!A11', '8', '乙？', '同一答案', ''],
      [': 合同问答!A12', '9', '身份证？', { reason: expect.stringContaining('more than 15 digits') }, ''],
      [': 合同问答!A13', '10', '空答', '', ''],
    ]);
    expect(notes).toEqual([
      'openpyxl.xlsx is read from its sheet "合同问答" alone; --sheet names another one of 合同问答, Second',
      'the names of the columns are taken from row openpyxl.xlsx: 合同问答!2, below a row with a single cell',
    ]);
  });

  it('gives the sheet that is named, by name or number', async () => {
    for (const name of ['Second', ' second', '2'])
      expect((await read(OPENPYXL, name)).rows).toEqual([
        { place: ': Second!A2', row: { question: 'a?', answer: 'b' } },
      ]);
    expect(await refusal(OPENPYXL, 'Third')).toBe(
      'openpyxl.xlsx: there is no sheet "Third"; the sheets are 合同问答, Second: name one with --sheet (dataset.sources[].sheet in a job).',
    );
  });

  it('gives stored results of formulas', async () =>
    expect(await values(fixture('xlsxwriter.xlsx'))).toEqual([
      ['when?', '2024-03-05'],
      ['sum?', '3'],
      ['line\nbreak "q", x', 'TRUE'],
      ['err?', { reason: 'is the error #N/A of a formula' }],
    ]));

  it('gives a number as it was entered', async () => {
    expect(await answer('', '<v>0.30000000000000004</v>')).toEqual([['q', '0.3']]);
    expect(await answer('', '<v>-7</v>')).toEqual([['q', '-7']]);
    expect(await answer('t="str"', '<f>A2</f><v>a_x000D_b</v>')).toEqual([['q', 'a\rb']]);
  });

  it('names a column without a name by its letter', async () => {
    const path = fileOf(workbookOf(sheet(`<row r="2">${cell('A2', 'q')}${cell('C2', 'x')}</row>`)));
    expect((await read(path)).rows[0]?.row).toEqual({ question: 'q', answer: '', C: 'x' });
  });

  it('trains, and names the cell of a row that it leaves out', async () => {
    const config = datasetOf([{ uri: fixture('xlsxwriter.xlsx') }]);
    const { report } = await prepareData(config, characterTokenizer(TURN_TEMPLATE));
    expect(report.splits.train.examples).toBe(3);
    expect(report.rejections[0]).toEqual({
      place: `${fixture('xlsxwriter.xlsx')}: QA!A5`,
      reason: '"answer" is the error #N/A of a formula',
    });
  });
});

describe('a workbook that is none, or one to be refused,', () => {
  const bomb: TestPart = { name: 'xl/sharedStrings.xml', text: `<sst>${' '.repeat(70 << 20)}</sst>` };

  it.each<[string, Buffer, string]>([
    ['is text', Buffer.from('question,answer\n'), 'let its name end with .csv or .txt'],
    ['is old', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'save it as .xlsx without a password'],
    ['is cut', workbookOf(sheet('')).subarray(0, 400), 'a.xlsx is not a readable Excel workbook'],
    ['is another archive', zipOf([{ name: 'a.txt', text: 'x' }]), 'a zip file without a workbook'],
    [
      'unpacks to too much',
      workbookOf(sheet(''), [bomb]),
      'xl/sharedStrings.xml unpacks to more than 67108864 bytes',
    ],
    [
      'lies about its size',
      workbookOf(sheet(''), [{ ...bomb, saysBytes: 100 }]),
      'not a readable Excel workbook',
    ],
    ['is no XML', workbookOf('<sheetData><row></sheetData>'), 'xl/worksheets/sheet1.xml'],
    [
      'has rows out of order',
      workbookOf(sheet('<row r="3"/><row r="2"/>')),
      'the row after 3 has no number above it',
    ],
    [
      'has a name twice',
      workbookOf(`<sheetData><row r="1">${cell('A1', 'a')}${cell('B1', 'a')}</row></sheetData>`),
      'a.xlsx: S!1: the column "a" is there twice',
    ],
  ])('%s', async (_, bytes, message) => expect(await refusal(fileOf(bytes))).toContain(message));

  it('declares entities', async () => {
    const part = {
      name: 'xl/sharedStrings.xml',
      text: '<!DOCTYPE a [<!ENTITY b "bbbb">]><sst><si><t>&b;</t></si></sst>',
    };
    expect(await refusal(fileOf(workbookOf(sheet(''), [part])))).toContain('a document type');
  });

  it('is asked for of a file without sheets', async () =>
    expect(await refusal(dataFile('a.csv', 'question,answer\n'), '2')).toBe(
      'a.csv has no sheets: --sheet (dataset.sources[].sheet in a job) is for .xlsx files.',
    ));

  it.each(['a.xls', 'a.docx', 'a.pdf', 'a.ods'])('is another document, %s', async (name) =>
    expect(await refusal(dataFile(name, 'x'))).toBe(
      `${name}: this kind of document is not read: save it as .xlsx or as CSV UTF-8.`,
    ),
  );

  it('is compressed', async () =>
    expect(await refusal(fileOf(gzipSync(workbookOf(sheet(''))), 'a.xlsx.gz'))).toContain(
      'unknown kind of data file',
    ));
});
