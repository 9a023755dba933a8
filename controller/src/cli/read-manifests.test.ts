import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readManifests } from './read-manifests.js';

const folder = mkdtempSync(join(tmpdir(), 'tuneyard-manifests-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('readManifests', () => {
  it('refuses bytes that are not UTF-8 instead of replacing them', () => {
    const file = join(folder, 'job.yaml');
    writeFileSync(file, Buffer.from('kind: caf\u00e9\n', 'latin1'));
    expect(() => readManifests([file])).toThrow(`${file} is not UTF-8 text: save it as UTF-8`);
  });
});
