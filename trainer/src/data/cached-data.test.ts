import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DatasetConfig } from '@tuneyard/proto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { dataCacheFolder, prepareCachedData } from './cached-data.js';
import { readPreparedData, writePreparedData } from './prepared-data-file.js';
import { Tokenizer } from './tokenizer.js';

const MODEL = new URL('../../../deploy/examples/base-model/', import.meta.url).pathname;

let folder: string;
let tokenizer: Tokenizer;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-cache-'));
  tokenizer = Tokenizer.load(MODEL);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function config(maxLength = 128): DatasetConfig {
  return {
    sources: [
      {
        uri: pathToFileURL(join(folder, 'a.jsonl')).href,
        format: 'auto',
        weight: 2,
        split: '',
        columns: {},
        secret: '',
        sheet: '',
      },
    ],
    split: { train: 0.6, validation: 0.2, test: 0.2, seed: 1 },
    template: 'auto',
    encoding: 'auto',
    date: '',
    maxLength,
    packing: false,
    trainOnPrompt: false,
    clean: { dedupe: true, minTokens: 1, maxTokens: 0 },
  };
}

function writeRows(last: string): void {
  const rows = Array.from({ length: 30 }, (_, i) => ({
    instruction: `question ${i}`,
    output: `antwoord é ${i}`,
  }));
  rows.push({ instruction: 'last', output: last });
  writeFileSync(join(folder, 'a.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
}

const cacheFolder = () => join(folder, 'cache');
const prepare = (maxLength?: number) =>
  prepareCachedData(config(maxLength), tokenizer, { modelFolder: MODEL, cacheFolder: cacheFolder() });

it('the second time gives what the first gave, from the file', async () => {
  writeRows('one');
  const first = await prepare();
  const [name = ''] = readdirSync(cacheFolder());
  expect(readPreparedData(join(cacheFolder(), name))).toEqual(first);
  // A cached result is really used: one that was tampered with soundly comes back as it is.
  writePreparedData(join(cacheFolder(), name), { ...first, padId: 77 });
  expect((await prepare()).padId).toBe(77);
});

it('other rows or other settings are other data', async () => {
  writeRows('one');
  await prepare();
  writeRows('two');
  const changed = await prepare();
  expect(JSON.stringify(changed)).toContain('"two"');
  await prepare(64);
  expect(readdirSync(cacheFolder())).toHaveLength(3);
});

it('a damaged file is prepared anew', async () => {
  writeRows('one');
  const first = await prepare();
  const path = join(cacheFolder(), readdirSync(cacheFolder())[0] ?? '');
  const bytes = readFileSync(path);
  for (const damaged of [flipped(bytes), bytes.subarray(0, bytes.length - 5), Buffer.alloc(0)]) {
    writeFileSync(path, damaged);
    expect(readPreparedData(path)).toBeUndefined();
    expect(await prepare()).toEqual(first);
  }
});

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length >> 1]! ^= 8;
  return copy;
}

it('a cache that cannot be written costs nothing', async () => {
  writeRows('one');
  writeFileSync(join(folder, 'file'), '');
  const options = { modelFolder: MODEL, cacheFolder: join(folder, 'file', 'below') };
  expect((await prepareCachedData(config(), tokenizer, options)).report.rows).toBe(31);
});

it('keeps a few data sets only', async () => {
  writeRows('one');
  mkdirSync(cacheFolder());
  for (let length = 100; length < 112; length++) await prepare(length);
  expect(readdirSync(cacheFolder())).toHaveLength(8);
});

it('lies where the environment says', () => {
  expect(dataCacheFolder({ TUNEYARD_CACHE: 'off' })).toBeUndefined();
  expect(dataCacheFolder({ TUNEYARD_CACHE: '/c' })).toBe('/c/data');
  expect(dataCacheFolder({ XDG_CACHE_HOME: '/x' })).toBe('/x/tuneyard/data');
});
