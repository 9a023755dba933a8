import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors.js';
import { prepareData } from '../prepare-data.js';
import { characterTokenizer, dataFile, datasetOf, TURN_TEMPLATE } from '../test-data.js';
import { ColumnMapping } from './column-mapping.js';
import { matchingFormat, ROW_FORMATS } from './detect-format.js';
import type { Row } from './row-format.js';

const tokenizer = characterTokenizer(TURN_TEMPLATE);

/** The turns that a row gives, as `user: Q`. */
function turnsOf(row: Row, columns: Record<string, string> = {}): readonly string[] {
  const mapping = new ColumnMapping(columns, 'dataset.sources[0]', ROW_FORMATS);
  const mapped = mapping.apply(row);
  const conversation = matchingFormat(mapped, mapping.fields)?.read(mapped)[0];
  if (conversation === undefined) return [];
  if (conversation.kind === 'text') return [`text: ${conversation.text}`];
  return conversation.messages.map(({ role, content }) => `${role}: ${content}`);
}

async function refusalOf(rows: readonly object[], columns: Record<string, string> = {}): Promise<string> {
  const uri = dataFile('rows.jsonl', rows);
  const error: unknown = await prepareData(datasetOf([{ uri, columns }]), tokenizer).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message.replace(uri, 'rows.jsonl');
}

describe('names of columns', () => {
  it.each([
    ['question', 'answer'],
    ['Question', 'Answer'],
    [' QUESTION ', 'answer:'],
    ['prompt', 'completion'],
    ['Query', 'Response'],
    ['input', 'output'],
    ['Instruction', 'Output'],
    ['问题', '答案'],
    ['问', '答'],
    ['提问', '回答'],
    ['问 题', '答 案'],
    ['问题（必填）', '标准答案'],
    ['指令', '输出'],
    ['输入', '输出'],
    ['問題', '答覆'],
    ['用户', '助手'],
    ['User', 'Assistant'],
    ['Q', 'A'],
  ])('know %j and %j', (question, answer) =>
    expect(turnsOf({ [question]: 'Q1', [answer]: 'A1' })).toEqual(['user: Q1', 'assistant: A1']),
  );

  it('know the input and the words of the system', () => {
    expect(turnsOf({ 指令: 'Q', 输入: 'I', 输出: 'A' })).toEqual(['user: Q\nI', 'assistant: A']);
    expect(turnsOf({ 系统提示: 'S', 问题: 'Q', 答案: 'A' })[0]).toBe('system: S');
    expect(turnsOf({ 文本: 'T' })).toEqual(['text: T']);
  });

  it('leave a column alone that has another meaning in a table', () =>
    expect(turnsOf({ Question: 'Q', Answer: 'A', System: 'ERP', 系统: 'ERP', History: 'none' })).toEqual([
      'user: Q',
      'assistant: A',
    ]));

  it('take a column user beside question and answer for something else', () =>
    expect(turnsOf({ user: 'u7', question: 'Q', answer: 'A' })).toEqual(['user: Q', 'assistant: A']));

  it('tell preference data however its columns are written', async () =>
    expect(await refusalOf([{ Question: 'Q', Answer: 'A', Label: false }])).toContain('preference data'));

  it('are asked for, with the columns of the file filled in', async () => {
    expect(await refusalOf([{ 序号: 1, 客户描述: '坏了', 解决办法: '换' }])).toBe(
      'rows.jsonl:1: cannot tell the format of a row with 序号, 客户描述, 解决办法; name its columns, such as ' +
        '--columns instruction=客户描述,output=解决办法 (dataset.sources[].columns in a job).',
    );
    expect(await refusalOf([{ 问题: '坏了', 'How to fix': '换' }])).toContain(
      "--columns 'instruction=问题,output=How to fix'",
    );
    expect(await refusalOf([{ body: 'T' }])).toContain('--columns text=body ');
  });

  it('are asked for where the job names the format, too', async () => {
    const uri = dataFile('rows.jsonl', [{ 客户描述: '坏了', 解决办法: '换' }]);
    await expect(prepareData(datasetOf([{ uri, format: 'alpaca' }]), tokenizer)).rejects.toThrow(
      '--columns instruction=客户描述,output=解决办法',
    );
  });

  it('are refused where two may be meant, with the choice', async () => {
    expect(await refusalOf([{ question: 'Q', answer: 'A', 答案: 'B' }])).toBe(
      'rows.jsonl:1: "answer" and "答案" are both there: choose one with --columns output=answer or --columns output=答案 ' +
        '(dataset.sources[].columns in a job).',
    );
    expect(await refusalOf([{ question: 'Q', Question: 'R', answer: 'A' }])).toContain(
      'choose one with --columns question=Question',
    );
  });
});

describe('named columns', () => {
  it('come before the others of their kind', () => {
    const row = { question: 'Q', answer: 'A', solution: 'S', text: 'T' };
    expect(turnsOf(row, { output: 'solution' })).toEqual(['user: Q', 'assistant: S']);
    expect(turnsOf(row, { text: 'text' })).toEqual(['text: T']);
    expect(
      turnsOf({ instruction: 'I', 'the question': 'Q', output: 'A' }, { question: 'the question' }),
    ).toEqual(['user: Q', 'assistant: A']);
  });

  it('leave the input beside an instruction', () =>
    expect(turnsOf({ ask: 'Q', input: 'I', output: 'A' }, { instruction: 'ask' })).toEqual([
      'user: Q\nI',
      'assistant: A',
    ]));

  it('name what is left aside in the report', async () => {
    const uri = dataFile('rows.jsonl', [{ question: 'Q', answer: 'A', solution: 'S' }]);
    const { report } = await prepareData(datasetOf([{ uri, columns: { output: 'solution' } }]), tokenizer);
    expect(report.unusedFields).toEqual({ answer: 1 });
  });

  it('are told when they are the wrong way round', async () =>
    expect(await refusalOf([{ frage: 'Q', answer: 'A' }], { frage: 'instruction' })).toBe(
      'dataset.sources[0].columns: no format has a field "frage"; write it the other way round, instruction=frage.',
    ));
});
