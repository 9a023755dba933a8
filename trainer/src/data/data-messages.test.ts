import { describe, expect, it } from 'vitest';
import { dataWarnings } from './data-warnings.js';
import { prepareData } from './prepare-data.js';
import { renderReport } from './render-report.js';
import { characterTokenizer, dataFile, datasetOf, TURN_TEMPLATE } from './test-data.js';

const tokenizer = characterTokenizer(TURN_TEMPLATE);
const row = (question: string, answer: string) => ({ instruction: question, output: answer });
const prepare = (uri: string, rest: Parameters<typeof datasetOf>[1] = {}, source: object = {}) =>
  prepareData(datasetOf([{ uri, ...source }], rest), tokenizer);
const NO_JOB = { dataset: undefined, training: undefined, evaluation: undefined };

describe('what is said of a data set', () => {
  it('counts the rows left out by reason and names the first', async () => {
    const rows = Array.from({ length: 194 }, (_, index) =>
      index < 30 ? { instruction: `q${index}` } : { instruction: `q${index}`, output: '' },
    );
    const uri = dataFile('a.jsonl', [row('a', 'b'), ...rows.map((each) => ({ output: null, ...each }))]);
    const { report } = await prepare(uri);
    expect(report.reasons).toEqual([
      { reason: '"output" is empty', rows: 164 },
      { reason: '"output" is missing', rows: 30 },
    ]);
    const page = renderReport(report);
    expect(page).toContain('left out: unusable: 194');
    expect(page).toContain('left out for this reason: 164: "output" is empty\n');
    expect(page).toContain(`left out ${uri}:21: "output" is missing\nand 174 more\n`);
    expect(dataWarnings(report, NO_JOB)).toEqual([
      `194 of 195 rows are left out; the first is ${uri}:2: "output" is missing`,
    ]);
  });

  it('names the fields that nothing reads, of rows and of turns', async () => {
    const turns = [
      { role: 'user', content: 'q', time: 1 },
      { role: 'assistant', content: 'a' },
    ];
    const { report } = await prepare(dataFile('a.jsonl', [{ id: 7, messages: turns, source: null }]));
    expect(report.unusedFields).toEqual({ id: 1, 'messages[].time': 1 });
    expect(renderReport(report)).toContain(
      'fields of the rows that are not used: id (1), messages[].time (1)',
    );
  });

  it('says where all the rows went when none is left to train on', async () => {
    const uri = dataFile('a.jsonl', [row('a', 'b'), row('c', 'd'), row('e', '')]);
    const split = { train: 0, validation: 1, test: 0, seed: 1 };
    await expect(prepare(uri, { split })).rejects.toThrow(
      'the data set has no row to train on: of 3 rows, dataset.split gives 2 to validation; raise dataset.split.train (1 trains on all ' +
        'of them), or add rows.',
    );
  });

  it('says which column is not there', async () => {
    const uri = dataFile('a.jsonl', [{ question: 'a', answer: 'b' }]);
    await expect(prepare(uri, {}, { columns: { instruction: 'qestion', output: 'answer' } })).rejects.toThrow(
      'dataset.sources[0].columns.instruction: there is no column "qestion"; the columns are question, answer.',
    );
    await expect(prepare(uri, {}, { columns: { instrution: 'question' } })).rejects.toThrow(
      'dataset.sources[0].columns: no format has a field "instrution"',
    );
  });

  it('says what has nothing to look at', async () => {
    const { report } = await prepare(dataFile('a.jsonl', [row('a', 'b')]));
    const warnings = dataWarnings(report, {
      ...NO_JOB,
      training: { earlyStopping: { metric: 'evalLoss', patience: 2, minDelta: 0 } } as never,
      evaluation: { metrics: ['exactMatch'], maxNewTokens: 8 },
    });
    expect(warnings).toEqual([
      'training.earlyStopping: never acts, because no row is held back for validation; raise dataset.split.validation, or name a source with split: validation',
      'evaluation.metrics: exactMatch is not measured: no row is held back for the test; raise dataset.split.test, or name a source with split: test',
    ]);
  });

  it('tells of text that was damaged before it came', async () => {
    const { report } = await prepare(dataFile('a.jsonl', [row('a\uFFFDb', 'c'), row('d', 'e')]));
    expect(report.damaged).toBe(1);
    expect(dataWarnings(report, NO_JOB)).toEqual([
      '1 of 2 rows hold U+FFFD: their text was damaged before it came here, and is learnt so',
    ]);
  });

  it('takes each row as what it is when a file mixes layouts', async () => {
    const turns = [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'a' },
    ];
    const { report } = await prepare(
      dataFile('a.jsonl', [row('a', 'b'), { messages: turns }, { question: 'x', answer: 'y' }]),
    );
    expect(report).toMatchObject({ rows: 3, invalid: 0 });
  });

  it('says how much is cut or left out for its length', async () => {
    const uri = dataFile('a.jsonl', [row('q', 'a'), row('q', 'x'.repeat(300)), row('q'.repeat(300), 'a')]);
    const { report } = await prepare(uri, { maxLength: 64 });
    expect(dataWarnings(report, { ...NO_JOB, dataset: datasetOf([], { maxLength: 64 }) })).toEqual([
      '1 of 3 rows are left out as too long',
      'dataset.maxLength: 2 of 2 examples are cut at 64 tokens',
    ]);
  });

  it('leaves out a row that is nested deeper than the stack', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const uri = dataFile(
      'a.jsonl',
      `{"tools":[{"function":{"a":${deep}}}],"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}\n${JSON.stringify(row('a', 'b'))}\n`,
    );
    const { report } = await prepare(uri);
    expect(report.rejections).toEqual([{ place: `${uri}:1`, reason: 'it is nested too deeply' }]);
  });

  it('leaves out a row that is too long, and goes on', async () => {
    const uri = dataFile('a.jsonl', [row('a', 'b'), row('c', 'x'.repeat(17 << 20))]);
    const { report } = await prepare(uri);
    expect(report.rejections).toEqual([
      { place: `${uri}:2`, reason: 'the line is longer than 16777216 characters' },
    ]);
  });
});
