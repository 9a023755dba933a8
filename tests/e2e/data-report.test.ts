import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tuneyard } from '../support/run-command.js';
import { writeTinyModel } from '../support/tiny-model.js';

let folder: string;
let model: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-report-'));
  model = writeTinyModel(join(folder, 'model'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Report {
  readonly rows: number;
  readonly invalid: number;
  readonly duplicates: number;
  readonly truncated: number;
  readonly truncatedShare: number;
  readonly rejections: readonly { readonly place: string; readonly reason: string }[];
  readonly lengths: readonly { readonly upTo: number; readonly examples: number }[];
  readonly splits: Readonly<Record<string, { readonly examples: number }>>;
  readonly steps: { readonly total: number; readonly perEpoch: number };
}

function write(name: string, rows: readonly object[]): string {
  const file = join(folder, name);
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  return file;
}

describe('tuneyard data report', () => {
  it('tells lengths, splits, repeats, rows left out, and the steps of a training', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({
      instruction: `${i} is the number of part ${i * i}`,
      output: `answer ${i}`.repeat(i === 7 ? 60 : 1),
    }));
    const file = write('rows.jsonl', [...rows, rows[3]!, { instruction: 'no answer', output: '' }]);
    const json = join(folder, 'report.json');
    const settings = ['dataset.maxLength=256', 'training.batchSize=8', 'training.epochs=2'];
    const set = settings.flatMap((setting) => ['--set', setting]);
    const result = await tuneyard('data', 'report', file, '--model', model, '--json', json, ...set);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const report = JSON.parse(readFileSync(json, 'utf8')) as Report;
    expect(report).toMatchObject({ rows: 32, invalid: 1, duplicates: 1, truncated: 1 });
    expect(report.truncatedShare).toBeCloseTo(1 / 30);
    expect(report.rejections).toContainEqual({
      place: `${file}:32`,
      reason: expect.stringMatching(/output/) as string,
    });
    const kept = Object.values(report.splits).reduce((sum, { examples }) => sum + examples, 0);
    expect(kept).toBe(30);
    const train = report.splits['train']!.examples;
    expect(report.lengths.reduce((sum, { examples }) => sum + examples, 0)).toBe(train);
    expect(report.steps).toMatchObject({ perEpoch: Math.ceil(train / 8), total: 2 * Math.ceil(train / 8) });
    expect(result.stdout).toMatch(/32 rows read, 30 examples kept/);
    expect(result.stdout).toContain(`estimated steps: ${report.steps.total}`);
  }, 30_000);

  it('speaks Chinese where it is asked to, in every line', async () => {
    const rows = Array.from({ length: 12 }, (_, i) => ({
      问题: `第 ${i * 37} 条是什么？`,
      答案: `规定 ${i * i}`,
    }));
    const file = write('zh.jsonl', [...rows, rows[0]!, { 问题: '没有答案', 答案: '' }]);
    const { code, stdout, stderr } = await tuneyard('data', 'report', file, '--model', model, '--lang', 'zh');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n').filter((line) => line.trim() !== '');
    expect(lines.length).toBeGreaterThan(12);
    // The template of the row that is shown is the model's.
    expect(lines.filter((line) => !/\p{Script=Han}|###/u.test(line))).toEqual([]);
    expect(stdout).toContain('读取 14 行，保留 12 条样本');
    expect(stdout).toMatch(/预计 \d+ 步（批大小为 \d+，每轮 \d+ 步）/);
  }, 30_000);

  it('warns of examples that are longer than the model was trained for', async () => {
    const short = writeTinyModel(join(folder, 'short'));
    const config = JSON.parse(readFileSync(join(short, 'config.json'), 'utf8')) as Record<string, unknown>;
    writeFileSync(join(short, 'config.json'), JSON.stringify({ ...config, max_position_embeddings: 8 }));
    const file = write('long.jsonl', [{ instruction: 'one two three four', output: 'five six seven eight' }]);
    const { code, stdout } = await tuneyard('data', 'report', file, '--model', short);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /warning: the longest example \(.*long\.jsonl:1\) has \d+ tokens, the model 8 positions: beyond them it was never trained; lower dataset\.maxLength to 8 or less/,
    );
  }, 30_000);

  it('ends with 2 and a sentence for a file that is no data', async () => {
    const file = write('odd.jsonl', [{ ask: 'a', reply: 'b' }]);
    const result = await tuneyard('data', 'report', file, '--model', model);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/odd\.jsonl:1: cannot tell the format of a row with ask, reply/);
  }, 30_000);
});
