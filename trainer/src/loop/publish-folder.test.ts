import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../errors.js';
import { publishFolder } from './publish-folder.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tuneyard-publish-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const uri = (): string => pathToFileURL(join(root, 'deep', 'result')).href;
const publish = (text: string) =>
  publishFolder(uri(), 'peft', (folder) => writeFile(join(folder, 'file.txt'), text));

describe('publishFolder', () => {
  it('creates the folder and its parents, and says what is in it', async () => {
    const artifact = await publish('one');
    expect(artifact).toMatchObject({ format: 'peft', uri: uri(), bytes: 3 });
    expect(artifact.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await publish('one')).toEqual(artifact);
    expect((await publish('two')).digest).not.toBe(artifact.digest);
  });

  it('keeps the old result whole, and leaves nothing behind, when filling fails', async () => {
    await publish('one');
    await expect(publishFolder(uri(), 'peft', () => Promise.reject(new Error('disk full')))).rejects.toThrow(
      'disk full',
    );
    expect(await readdir(join(root, 'deep'))).toEqual(['result']);
    expect(await readFile(join(root, 'deep', 'result', 'file.txt'), 'utf8')).toBe('one');
  });

  it('refuses an address that is no mounted folder', async () => {
    await expect(publishFolder('s3://bucket/x', 'peft', () => Promise.resolve())).rejects.toThrow(UserError);
  });
});
