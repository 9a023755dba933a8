import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseFineTuneJobSpec, resolveSpec } from '../../api/index.js';
import { weightsProblem } from './weights-check.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-weights-'));
  write('config.json', '{}');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, content: string) => writeFileSync(join(folder, name), content);
const index = (...shards: string[]) =>
  write(
    'model.safetensors.index.json',
    JSON.stringify({ weight_map: Object.fromEntries(shards.map((shard, at) => [`t${at}`, shard])) }),
  );
const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n';

function problemOf({ fromScratch = false, isCopy = false, source = pathToFileURL(folder).href } = {}) {
  const spec = resolveSpec(
    parseFineTuneJobSpec({
      queueName: 'team',
      model: { source, fromScratch },
      dataset: { sources: [{ uri: 'file:///rows.jsonl' }] },
      output: { uri: 'file:///out' },
    }),
  );
  return weightsProblem(spec, isCopy);
}

describe('a model folder', () => {
  it('with weights is sound, in one file or several', () => {
    write('model.safetensors', 'weights');
    expect(problemOf()).toBeUndefined();
    rmSync(join(folder, 'model.safetensors'));
    index('a.safetensors', 'b.safetensors');
    write('a.safetensors', 'weights');
    write('b.safetensors', 'weights');
    expect(problemOf()).toBeUndefined();
  });

  it('without weights is a problem, unless random ones are asked for', () => {
    expect(problemOf()).toBe(
      `spec.model: ${folder} holds no weights: there is neither model.safetensors nor model.safetensors.index.json; fetch them, or ask for random ones with model.fromScratch: true`,
    );
    expect(problemOf({ fromScratch: true })).toBeUndefined();
    expect(problemOf({ source: 'hf://org/model' })).toBeUndefined();
  });

  it('with weights of another kind says that they were seen', () => {
    write('pytorch_model.bin', 'weights');
    const sentence = `spec.model: ${folder} holds no weights: there is neither model.safetensors nor model.safetensors.index.json (pytorch_model.bin is not read); fetch them, or ask for random ones with model.fromScratch: true`;
    expect(problemOf()).toBe(sentence);
    expect(problemOf({ isCopy: true })).toBe(sentence);
  });

  it('that stands for one elsewhere may lack them', () => {
    expect(problemOf({ isCopy: true })).toBeUndefined();
    index('a.safetensors');
    expect(problemOf({ isCopy: true })).toBeUndefined();
  });

  it('lacks a shard that its index names', () => {
    index('a.safetensors');
    expect(problemOf()).toBe(
      `spec.model: ${join(folder, 'a.safetensors')} is missing, but model.safetensors.index.json names it; fetch them, or ask for random ones with model.fromScratch: true`,
    );
  });

  it.each(['{', '{}', '[]', '{"weight_map":{}}'])('has an index that names nothing: %s', (content) => {
    write('model.safetensors.index.json', content);
    expect(problemOf()).toBe(
      `spec.model: ${join(folder, 'model.safetensors.index.json')} names no files of weights: it must be JSON with an object "weight_map"; fetch them, or ask for random ones with model.fromScratch: true`,
    );
  });

  it('of a Git LFS clone without its files says how to get them', () => {
    write('model.safetensors', POINTER);
    expect(problemOf()).toBe(
      `spec.model: ${join(folder, 'model.safetensors')} is a Git LFS pointer and not the file itself: run "git lfs pull" where it lies`,
    );
  });
});
