import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TransferError } from '../errors.js';
import { below, writerOf, type Destination, type Writer } from '../storage/index.js';
import type { RunSettings } from './run-settings.js';
import { packState, unpackState, type WholeState } from './run-state.js';

export interface CheckpointInfo {
  readonly step: number;
  /** Address of its folder. */
  readonly uri: string;
  /** `sha256:<hex>` of the folder. */
  readonly digest: string;
  readonly bytes: number;
}

/** Where the checkpoints of one run lie, each in a folder of its own. */
export interface CheckpointPlace {
  readonly destination: Destination;
  readonly uri: string;
  /** The job whose run it is; stands in the manifests. */
  readonly writer?: Writer | undefined;
}

/** A checkpoint that was read, and where it lay. */
export interface FoundCheckpoint extends WholeState {
  readonly uri: string;
  /** The job that wrote it; undefined when it does not say. */
  readonly writer: Writer | undefined;
}

/** No space, over quota, file too large. */
const DISK_FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const STATE_FILE = 'state.bin';
const SETTINGS_FILE = 'settings.json';
const FINGERPRINT = /^[0-9a-f]{16}$/;
const FOLDER = /^step-(\d{8})$/;

/**
 * Writes a checkpoint as a folder of its own, complete or not at all.
 * Afterwards only the newest `keep` and the best one (when named) remain.
 */
export async function writeCheckpoint(
  place: CheckpointPlace,
  state: WholeState,
  options: { readonly keep: number; readonly bestStep?: number; readonly settings?: RunSettings },
): Promise<CheckpointInfo> {
  const { step } = state.run;
  const uri = addressOf(place, step);
  const packed = await packState(state);
  const { settings } = options;
  const fill = async (folder: string): Promise<void> => {
    await writeFile(join(folder, STATE_FILE), packed);
    if (settings) await writeFile(join(folder, SETTINGS_FILE), `${JSON.stringify(settings, null, 2)}\n`);
  };
  const { digest, bytes } = await place.destination.publish(uri, fill, place.writer);
  await removeOld(place, options);
  return { step, uri, digest, bytes };
}

/** Why a checkpoint could not be written, where training may go on without it; other errors are thrown on. */
export function reasonOfMissing(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (DISK_FULL.has(code)) return `there is no room for it (${code})`;
  if (error instanceof TransferError) return error.message;
  throw error;
}

/** The newest checkpoint whose digest is right; damaged ones are passed over, each with a warning. */
export async function readNewestCheckpoint(
  place: CheckpointPlace,
  warn: (message: string) => void,
): Promise<FoundCheckpoint | undefined> {
  for (const step of (await checkpointSteps(place)).reverse()) {
    const uri = addressOf(place, step);
    try {
      const manifest = await place.destination.manifest(uri);
      const state = await place.destination.read(uri, async (folder) =>
        unpackState(await readFile(join(folder, STATE_FILE))),
      );
      return { ...state, uri, writer: manifest && writerOf(manifest) };
    } catch (error) {
      // A server that is down has the newest checkpoint all the same: better to try again than to lose steps.
      if (error instanceof TransferError) throw error;
      warn(`checkpoint ${uri} is not usable (${(error as Error).message}); trying the one before it`);
    }
  }
  return undefined;
}

/** What the newest checkpoint was trained with; undefined where none says it, as those of earlier releases. */
export async function readNewestSettings(place: CheckpointPlace): Promise<RunSettings | undefined> {
  const step = (await checkpointSteps(place)).at(-1);
  if (step === undefined) return undefined;
  try {
    return await place.destination.read(
      addressOf(place, step),
      async (folder) => JSON.parse(await readFile(join(folder, SETTINGS_FILE), 'utf8')) as RunSettings,
    );
  } catch (error) {
    if (error instanceof TransferError) throw error;
    return undefined;
  }
}

export async function removeCheckpoints(place: CheckpointPlace): Promise<void> {
  for (const step of await checkpointSteps(place)) await place.destination.remove(addressOf(place, step));
}

/** Fingerprints of the runs, other than this one, that have left checkpoints in the same place. @param uri the folder of all runs */
export async function otherRuns(
  destination: Destination,
  uri: string,
  fingerprint: string,
): Promise<readonly string[]> {
  const names = await destination.folders(uri);
  return names.filter((name) => FINGERPRINT.test(name) && name !== fingerprint);
}

async function removeOld(
  place: CheckpointPlace,
  { keep, bestStep }: { readonly keep: number; readonly bestStep?: number },
): Promise<void> {
  const steps = await checkpointSteps(place);
  for (const step of steps.slice(0, Math.max(0, steps.length - Math.max(1, keep)))) {
    if (step !== bestStep) await place.destination.remove(addressOf(place, step));
  }
}

/** Steps of the complete checkpoints, ascending. */
export async function checkpointSteps({ destination, uri }: CheckpointPlace): Promise<number[]> {
  return (await destination.list(uri))
    .map((name) => FOLDER.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

function addressOf({ uri }: CheckpointPlace, step: number): string {
  return below(uri, `step-${String(step).padStart(8, '0')}`);
}
