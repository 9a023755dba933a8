import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { parseFineTuneJobSpec, resolveSpec, toTrainerConfig } from '@tuneyard/controller/api';
import {
  createCoordinatorServer,
  MemoryEventBus,
  MemoryStateStore,
  type CoordinatorServer,
} from '@tuneyard/controller/coordinator';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { writeTinyModel } from '../support/tiny-model.js';
import type { TrainerOrder } from './trainer-process.js';

const programs = fileURLToPath(new URL('../dist/chaos-programs/', import.meta.url));
const EXPELLED = /^ExpelledError: .* micro-batch.* in step \d+ as computed by b has wrong bits/m;

let folder: string;
const running: Trainer[] = [];
const servers: CoordinatorServer[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-wrong-'));
  writeTinyModel(join(folder, 'model'));
  const rows = Array.from({ length: 32 }, (_, i) => ({
    instruction: `part ${i}`,
    output: `${(i * 37) % 101}`,
  }));
  writeFileSync(join(folder, 'data.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
  await build({
    entryPoints: [fileURLToPath(new URL('trainer-process.ts', import.meta.url))],
    outfile: join(programs, 'trainer-process.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
  });
});
afterAll(async () => {
  for (const { child } of running) if (child.exitCode === null) child.kill('SIGKILL');
  for (const server of servers) await server.close();
  rmSync(folder, { recursive: true, force: true });
});

class Trainer {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  stderr = '';

  constructor(order: TrainerOrder) {
    this.child = spawn(process.execPath, [join(programs, 'trainer-process.mjs'), JSON.stringify(order)], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TUNEYARD_BACKEND: 'wasm' },
    });
    this.child.stderr?.on('data', (text: Buffer) => (this.stderr += text.toString()));
    this.ended = once(this.child, 'close');
    running.push(this);
  }

  steps(): number[] {
    return [...this.stderr.matchAll(/^\{"step":(\d+)\}$/gm)].map(([, step]) => Number(step));
  }
}

/** Makes a job known; returns how to start its trainers. */
async function jobOf(name: string, expectedWorkers: number, verifyEverySteps: number) {
  const file = (path: string): string => pathToFileURL(join(folder, path)).href;
  const spec = parseFineTuneJobSpec({
    queueName: 'local',
    model: { source: file('model') },
    method: { type: 'lora', lora: { rank: 4, dropout: 0.1 } },
    dataset: {
      sources: [{ uri: file('data.jsonl') }],
      split: { train: 1, validation: 0, test: 0 },
      maxLength: 64,
    },
    training: { steps: 6, batchSize: 16, microBatchSize: 1, verifyEverySteps },
    output: { uri: file(name) },
  });
  const server = await createCoordinatorServer({
    address: '127.0.0.1:0',
    store: new MemoryStateStore(),
    bus: new MemoryEventBus(),
    heartbeatTimeoutSeconds: 60,
  });
  servers.push(server);
  const job = { namespace: 'team', name, uid: name };
  const config = toTrainerConfig(resolveSpec(spec));
  await server.coordinator.register({ ref: job, config, token: 's', expectedWorkers });
  return {
    start: (memberId: string, more: Pick<TrainerOrder, 'flawedFrom' | 'await'> = {}) =>
      new Trainer({ coordinator: server.address, memberId, job, token: 's', ...more }),
    digest: () =>
      createHash('sha256')
        .update(readFileSync(join(folder, name, 'adapter_model.safetensors')))
        .digest('hex'),
  };
}

describe('trainers', () => {
  it('of which one computes gradients with a wrong bit replace it; the adapter has the bits of a calm run', async () => {
    const calm = await jobOf('calm', 1, 0);
    await calm.start('a').ended;

    const job = await jobOf('disturbed', 3, 1);
    const await3 = { await: { members: 3, step: 5 } };
    const [first, flawed, third] = [
      job.start('a', await3),
      job.start('b', { flawedFrom: 3 }),
      job.start('c', await3),
    ];
    await flawed.ended;
    expect(flawed.child.exitCode).not.toBe(0);
    expect(flawed.stderr).toMatch(EXPELLED);
    expect(flawed.steps()).toEqual([1, 2]);
    const replacement = job.start('b');
    const sound = [first, third, replacement];
    await Promise.all(sound.map((trainer) => trainer.ended));
    expect(sound.map(({ child }) => child.exitCode)).toEqual([0, 0, 0]);
    for (const { stderr } of [first, third])
      expect(stderr).toContain('"message":"wrong bits: the gradient of micro-batch');
    expect(replacement.steps().at(-1)).toBe(6);
    expect(job.digest()).toBe(calm.digest());
  });

  it('that come when the job is over leave its result alone', async () => {
    const job = await jobOf('over', 1, 0);
    await job.start('a').ended;
    const digest = job.digest();
    const late = job.start('b');
    await late.ended;
    expect(late.child.exitCode, late.stderr).toBe(0);
    expect(job.digest()).toBe(digest);
  });
});
