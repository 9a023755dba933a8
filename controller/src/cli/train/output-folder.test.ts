import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localJobSpec } from './local-job-spec.js';
import { chooseStart } from './output-folder.js';

let root: string;
let out: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tuneyard-out-'));
  out = join(root, 'out');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const specOf = (more: { model?: string; data?: string; set?: string[] } = {}) =>
  localJobSpec({
    model: more.model ?? '/models/base',
    data: [more.data ?? '/data/rows.jsonl'],
    method: 'lora',
    workers: 1,
    out,
    set: more.set ?? [],
  });
const flags = { resume: false, force: false };
const start = (given: Partial<typeof flags> = {}, spec = specOf()) =>
  chooseStart(spec, { ...flags, ...given });

function write(files: Readonly<Record<string, string>>): void {
  mkdirSync(out, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(out, name), content);
}
const RESULT = {
  'adapter_config.json': JSON.stringify({ base_model_name_or_path: 'other' }),
  'training.json': JSON.stringify({
    base: { name: 'org/base' },
    method: 'lora',
    steps: 60,
    finishedAt: '2026-05-04T03:02:01.000Z',
  }),
};

describe('chooseStart', () => {
  it('starts a new run where nothing lies, and goes on or discards as told', () => {
    expect([start(), start({ resume: true }), start({ force: true })]).toEqual([
      'never',
      'required',
      'discard',
    ]);
    write({});
    expect(start()).toBe('never');
  });

  it('refuses both at once', () => {
    expect(() => start({ resume: true, force: true })).toThrow(/not both/);
  });

  it('says which adapter lies there and the ways on', () => {
    write(RESULT);
    expect(() => start()).toThrow(
      `--out ${out} holds an adapter of org/base by lora, trained 60 steps, written 2026-05-04 03:02: choose another folder, or add --force`,
    );
    mkdirSync(`${out}-checkpoints`);
    expect(() => start()).toThrow(
      `add --resume to go on from the checkpoints in ${out}-checkpoints, or --force`,
    );
    expect(start({ force: true })).toBe('discard');
    expect(start({ resume: true })).toBe('required');
  });

  it('says what it can of an adapter of an earlier release', () => {
    write({ 'adapter_config.json': JSON.stringify({ base_model_name_or_path: 'a\u001b[31mb' }) });
    expect(() => start()).toThrow(/holds an adapter of a\?\[31mb, written \d{4}-/);
  });

  it('does not replace a result by going on from checkpoints elsewhere', () => {
    write(RESULT);
    const spec = specOf({ set: ['training.checkpoint.uri=file:///elsewhere'] });
    expect(() => start({ resume: true }, spec)).toThrow(/choose another folder/);
  });

  it('names other files, and replaces them only when forced', () => {
    write({ a: '', b: '', c: '', d: '' });
    expect(() => start()).toThrow(/holds other files \(a, b, c, and 1 more\)/);
    expect(() => start({ resume: true })).toThrow(/other files/);
    expect(start({ force: true })).toBe('discard');
  });

  it('never replaces a folder that holds the inputs of the run', () => {
    write({ 'rows.jsonl': '' });
    expect(() => start({ force: true }, specOf({ data: join(out, 'rows.jsonl') }))).toThrow(
      /rows\.jsonl is in it/,
    );
    expect(() => start({ force: true }, specOf({ model: out }))).toThrow(/is in it/);
  });
});
