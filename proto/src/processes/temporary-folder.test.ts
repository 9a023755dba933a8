import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OWNER_FILE, ownIdentity, type ProcessIdentity } from './folder-owner.js';
import { openTemporaryFolder } from './temporary-folder.js';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'tuneyard-folders-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

function folderOf(owner: Partial<ProcessIdentity>, name = 'tuneyard-train-old'): string {
  const path = join(parent, name);
  mkdirSync(path);
  writeFileSync(join(path, OWNER_FILE), JSON.stringify({ ...ownIdentity(), ...owner }));
  return path;
}

/** The number of a process that has ended. */
const gonePid = () => spawnSync(process.execPath, ['-e', '']).pid;

describe('a temporary folder', () => {
  it('names its owner, and goes when told to', () => {
    const { path, remove } = openTemporaryFolder('train', parent);
    expect(JSON.parse(readFileSync(join(path, OWNER_FILE), 'utf8'))).toMatchObject({ pid: process.pid });
    remove();
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['whose owner has ended', () => ({ pid: gonePid() })],
    ['whose number another process has now', () => ({ started: '1' })],
    ['of an earlier run of the machine', () => ({ boot: 'another' })],
  ])('%s is removed at the next start', (_, owner) => {
    const old = folderOf(owner());
    openTemporaryFolder('train', parent).remove();
    expect(existsSync(old)).toBe(false);
  });

  it.each([
    ['whose owner works', () => ({})],
    ['of another container', () => ({ pid: gonePid(), namespace: 'pid:[1]' })],
  ])('%s stays', (_, owner) => {
    const other = folderOf(owner());
    openTemporaryFolder('train', parent).remove();
    expect(existsSync(other)).toBe(true);
  });

  it('that is kept, or another kind, or a link to one stays', () => {
    const kept = openTemporaryFolder('train', parent);
    kept.keep();
    const other = folderOf({ pid: gonePid() }, 'tuneyard-quickstart-x');
    symlinkSync(other, join(parent, 'tuneyard-train-link'));
    openTemporaryFolder('train', parent).remove();
    expect(existsSync(kept.path)).toBe(true);
    expect(existsSync(other)).toBe(true);
  });
});
