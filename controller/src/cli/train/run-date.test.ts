import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localJobSpec } from './local-job-spec.js';
import type { LocalStart } from './output-folder.js';
import { runDate, type AskForDate } from './run-date.js';

const FIRST = new Date('2026-01-01T12:00:00Z');
const NEXT = new Date('2026-01-02T12:00:00Z');
const DATED = '{{ strftime_now("%d %b %Y") }}{{ messages[0].content }}';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-run-date-'));
  mkdirSync(join(folder, 'model'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const model = (file: string, content: string) => writeFileSync(join(folder, 'model', file), content);
const noTrainer = () => Promise.reject(new Error('no trainer is asked'));

interface Start {
  readonly ask?: AskForDate;
  readonly set?: readonly string[];
  readonly start?: LocalStart;
}

function dateOf(now: Date, { ask = noTrainer, set = [], start = 'required' }: Start = {}) {
  const spec = localJobSpec({
    model: join(folder, 'model'),
    data: [join(folder, 'rows.jsonl')],
    method: 'lora',
    workers: 1,
    out: join(folder, 'out'),
    set,
  });
  return runDate(spec, now, start, ask);
}

describe('the date of a local run', () => {
  it('is none where no template writes it', async () => {
    model('tokenizer_config.json', '{"chat_template":"{{ messages[0].content }}"}');
    expect(await dateOf(FIRST)).toBe('');
    expect(await dateOf(FIRST, { set: ['dataset.template=chatml'] })).toBe('');
  });

  it.each([
    ['chat_template.jinja', DATED],
    ['tokenizer_config.json', JSON.stringify({ chat_template: DATED })],
  ])('is that of its first start where %s writes it', async (file, content) => {
    model(file, content);
    expect(await dateOf(FIRST)).toBe('2026-01-01T12:00:00.000Z');
    expect(await dateOf(NEXT)).toBe('2026-01-01T12:00:00.000Z');
    expect(readFileSync(join(folder, 'out-checkpoints', 'run-date'), 'utf8')).toBe(
      '2026-01-01T12:00:00.000Z\n',
    );
  });

  it('is that of its first start with an inline template, and anew where the file is damaged', async () => {
    const template = `dataset.template=${DATED}`;
    expect(await dateOf(FIRST, { set: [template] })).toBe('2026-01-01T12:00:00.000Z');
    writeFileSync(join(folder, 'out-checkpoints', 'run-date'), 'yesterday');
    expect(await dateOf(NEXT, { set: [template] })).toBe('2026-01-02T12:00:00.000Z');
    expect(await dateOf(FIRST, { set: [template] })).toBe('2026-01-02T12:00:00.000Z');
  });

  it('is anew where its checkpoints are discarded', async () => {
    const set = [`dataset.template=${DATED}`];
    expect(await dateOf(FIRST, { set })).toBe('2026-01-01T12:00:00.000Z');
    expect(await dateOf(NEXT, { set, start: 'discard' })).toBe('2026-01-02T12:00:00.000Z');
  });

  it('is what a trainer finds where checkpoints lie elsewhere', async () => {
    const asked: string[] = [];
    const ask: AskForDate = (uri) => {
      asked.push(uri);
      return Promise.resolve('2025-12-31T00:00:00.000Z');
    };
    const set = [`dataset.template=${DATED}`, 'training.checkpoint.uri=s3://bucket/checkpoints'];
    expect(await dateOf(NEXT, { ask, set })).toBe('2025-12-31T00:00:00.000Z');
    expect(asked).toEqual(['s3://bucket/checkpoints']);
  });
});
