import { mkdir, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalDestination } from '../storage/destinations/local-destination.js';
import {
  readNewestCheckpoint,
  writeCheckpoint,
  type CheckpointInfo,
  type CheckpointPlace,
} from './checkpoints.js';
import { INITIAL_RUN_STATE, packState, unpackState, type WholeState } from './run-state.js';

let root: string;
const place = (folder = root): CheckpointPlace => ({
  uri: pathToFileURL(folder).href,
  destination: new LocalDestination(process.env),
});
const folderOf = ({ uri }: CheckpointInfo): string => fileURLToPath(uri);
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tuneyard-checkpoints-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

function stateAt(step: number): WholeState {
  return {
    run: { ...INITIAL_RUN_STATE, step, tokens: step * 10 },
    image: Uint8Array.from({ length: 1000 }, (_, i) => (i * step) % 256),
    bestImage: Uint8Array.of(step),
  };
}

const stepOf = async (warnings: string[] = []): Promise<number | undefined> =>
  (await readNewestCheckpoint(place(), (message) => warnings.push(message)))?.run.step;

describe('checkpoints', () => {
  it('gives back exactly what was written', async () => {
    await writeCheckpoint(place(), stateAt(7), { keep: 2 });
    const found = await readNewestCheckpoint(place(), expect.unreachable);
    expect(found).toEqual({ ...stateAt(7), uri: `${place().uri}/step-00000007`, writer: undefined });
  });

  it('names the job that wrote it, outside of the digest', async () => {
    const one = await writeCheckpoint(place(), stateAt(7), { keep: 2 });
    const writer = { namespace: 'legal', name: 'contracts', uid: 'u-1' };
    const other = await writeCheckpoint({ ...place(), writer }, stateAt(7), { keep: 2 });
    expect(other.digest).toBe(one.digest);
    expect(await readNewestCheckpoint(place(), expect.unreachable)).toMatchObject({ writer });
  });

  it('keeps the newest ones and the best one', async () => {
    for (const step of [10, 20, 30, 40])
      await writeCheckpoint(place(), stateAt(step), { keep: 2, bestStep: 10 });
    expect((await readdir(root)).sort()).toEqual(['step-00000010', 'step-00000030', 'step-00000040']);
  });

  it('passes over a checkpoint with one flipped bit', async () => {
    await writeCheckpoint(place(), stateAt(1), { keep: 3 });
    const folder = folderOf(await writeCheckpoint(place(), stateAt(2), { keep: 3 }));
    const bytes = await readFile(join(folder, 'state.bin'));
    bytes[500]! ^= 4;
    await writeFile(join(folder, 'state.bin'), bytes);
    const warnings: string[] = [];
    expect(await stepOf(warnings)).toBe(1);
    expect(warnings).toEqual([expect.stringContaining(folder)]);
  });

  it('passes over a truncated checkpoint, a missing manifest and an unfinished draft', async () => {
    await writeCheckpoint(place(), stateAt(1), { keep: 9 });
    await truncate(join(folderOf(await writeCheckpoint(place(), stateAt(2), { keep: 9 })), 'state.bin'), 100);
    await rm(join(folderOf(await writeCheckpoint(place(), stateAt(3), { keep: 9 })), 'manifest.json'));
    await mkdir(join(root, '.draft-4-00000000'));
    expect(await stepOf()).toBe(1);
  });

  it('leaves the older checkpoint alone and nothing half done when writing fails', async () => {
    await writeCheckpoint(place(), stateAt(1), { keep: 1 });
    // A file where the folder of step 2 should go cannot be replaced by a rename of a folder.
    await writeFile(join(root, 'not-a-folder'), '');
    await expect(
      writeCheckpoint(place(join(root, 'not-a-folder')), stateAt(2), { keep: 1 }),
    ).rejects.toThrow();
    expect(await readdir(root)).toEqual(['not-a-folder', 'step-00000001']);
    expect(await stepOf()).toBe(1);
  });

  it('finds nothing in a folder that does not exist', async () => {
    expect(await readNewestCheckpoint(place(join(root, 'absent')), expect.unreachable)).toBeUndefined();
  });
});

describe('packed state', () => {
  it('survives packing, and every truncation is noticed or harmless to the header', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 64 }),
        fc.uint8Array({ maxLength: 64 }),
        async (image, bestImage) => {
          const state = { run: { ...INITIAL_RUN_STATE, step: 3 }, image, bestImage };
          const packed = await packState(state);
          expect(await unpackState(packed)).toEqual(state);
          const beforeImageEnds = packed.length - bestImage.length - 1;
          await expect(unpackState(packed.subarray(0, beforeImageEnds))).rejects.toThrow(
            /truncated or damaged/,
          );
        },
      ),
    );
  });
});
