import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readUtf8File } from './decode-utf8.js';
import { readJsonFile } from './read-json-file.js';

const folder = mkdtempSync(join(tmpdir(), 'tuneyard-text-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fileOf = (name: string, bytes: Buffer | string): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

describe('files of a model', () => {
  it('are read as UTF-8, without a byte order mark', () => {
    expect(readUtf8File(fileOf('a.jinja', '\uFEFF{{ 问 }}'))).toBe('{{ 问 }}');
    expect(readJsonFile(fileOf('a.json', '\uFEFF{"a":"é"}'))).toEqual({ a: 'é' });
  });

  it('are refused with the line when they are not', () => {
    const template = fileOf('b.jinja', Buffer.from('one\ncaf\u00e9\n', 'latin1'));
    expect(() => readUtf8File(template)).toThrow(`${template}:2 is not UTF-8 text: save it as UTF-8.`);
    const config = fileOf('b.json', Buffer.from('{"a":"\u00e9"}', 'latin1'));
    expect(() => readJsonFile(config)).toThrow(`${config}:1 is not UTF-8 text: save it as UTF-8.`);
  });

  it('are refused by name when a pointer lies in their place', () => {
    const path = fileOf('tokenizer.json', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n');
    expect(() => readJsonFile(path)).toThrow(
      `${path} is a Git LFS pointer and not the file itself: run "git lfs pull" where it lies.`,
    );
  });
});
