import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLeftOver, OWNER_FILE, ownIdentity } from './folder-owner.js';

const PREFIX = 'tuneyard-';

/** A folder for the time of this process. */
export interface TemporaryFolder {
  readonly path: string;
  /** Somebody is told to look into it: it is never removed. */
  readonly keep: () => void;
  /** Also done when the process exits. */
  readonly remove: () => void;
}

/**
 * Makes a temporary folder that goes with this process. What processes that were killed have left of the same kind is
 * removed first: no handler of theirs could.
 * @param purpose part of the name
 */
export function openTemporaryFolder(purpose: string, parent: string = tmpdir()): TemporaryFolder {
  removeLeftOver(parent, `${PREFIX}${purpose}-`);
  const path = mkdtempSync(join(parent, `${PREFIX}${purpose}-`));
  const owner = join(path, OWNER_FILE);
  writeFileSync(owner, JSON.stringify(ownIdentity()), { mode: 0o600 });
  let isKept = false;
  const remove = (): void => {
    process.off('exit', remove);
    if (!isKept) rmSync(path, { recursive: true, force: true });
  };
  process.once('exit', remove);
  return {
    path,
    remove,
    keep: () => {
      isKept = true;
      rmSync(owner, { force: true });
    },
  };
}

function removeLeftOver(parent: string, prefix: string): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    try {
      if (isLeftOver(path)) rmSync(path, { recursive: true, force: true });
    } catch {
      // Another process removes it, or it cannot be removed: nothing of this run depends on it.
    }
  }
}
