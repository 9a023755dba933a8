import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packState, unpackState, type WholeState } from './run-state.js';

export interface CheckpointInfo {
  readonly step: number;
  readonly folder: string;
  /** `sha256:<hex>` of the state file. */
  readonly digest: string;
  readonly bytes: number;
}

interface Manifest {
  readonly format: 'tuneyard-checkpoint-v1';
  readonly step: number;
  readonly digest: string;
  readonly bytes: number;
}

const STATE_FILE = 'state.bin';
const MANIFEST_FILE = 'manifest.json';
const FOLDER = /^step-(\d{8})$/;

/**
 * Writes a checkpoint as a folder of its own, complete or not at all: written beside, synced, renamed.
 * Afterwards only the newest `keep` and the best one (when named) remain.
 */
export async function writeCheckpoint(
  root: string,
  state: WholeState,
  options: { readonly keep: number; readonly bestStep?: number },
): Promise<CheckpointInfo> {
  const { step } = state.run;
  const packed = packState(state);
  const manifest: Manifest = {
    format: 'tuneyard-checkpoint-v1',
    step,
    digest: digestOf(packed),
    bytes: packed.length,
  };
  const folder = join(root, `step-${String(step).padStart(8, '0')}`);
  const draft = join(root, `.draft-${step}-${randomBytes(4).toString('hex')}`);
  await mkdir(draft, { recursive: true });
  try {
    await writeSynced(join(draft, STATE_FILE), packed);
    await writeSynced(join(draft, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
    await syncFolder(root);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
  await removeOld(root, options);
  return { step, folder, digest: manifest.digest, bytes: packed.length };
}

/** The newest checkpoint whose digest is right; damaged ones are passed over, each with a warning. */
export async function readNewestCheckpoint(
  root: string,
  warn: (message: string) => void,
): Promise<WholeState | undefined> {
  for (const step of (await stepsIn(root)).reverse()) {
    const folder = join(root, `step-${String(step).padStart(8, '0')}`);
    try {
      const manifest = JSON.parse(await readFile(join(folder, MANIFEST_FILE), 'utf8')) as Manifest;
      const packed = await readFile(join(folder, STATE_FILE));
      if (digestOf(packed) !== manifest.digest) {
        throw new Error(`its ${packed.length} bytes do not have the digest of the manifest`);
      }
      return unpackState(packed);
    } catch (error) {
      warn(`checkpoint ${folder} is not usable (${(error as Error).message}); trying the one before it`);
    }
  }
  return undefined;
}

async function removeOld(
  root: string,
  { keep, bestStep }: { readonly keep: number; readonly bestStep?: number },
): Promise<void> {
  const steps = await stepsIn(root);
  for (const step of steps.slice(0, Math.max(0, steps.length - Math.max(1, keep)))) {
    if (step !== bestStep) {
      await rm(join(root, `step-${String(step).padStart(8, '0')}`), { recursive: true, force: true });
    }
  }
}

/** Steps of the complete checkpoints, ascending. */
async function stepsIn(root: string): Promise<number[]> {
  const names = await readdir(root).catch(() => [] as string[]);
  return names
    .map((name) => FOLDER.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

function digestOf(data: Uint8Array): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

async function writeSynced(path: string, data: Uint8Array | string): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
