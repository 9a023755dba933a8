import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

import { parseFineTuneJobSpec, resolveSpec, toTrainerConfig } from '@tuneyard/controller/api';
import {
  createCoordinatorServer,
  MemoryEventBus,
  MemoryStateStore,
  type CoordinatorServer,
} from '@tuneyard/controller/coordinator';

import { writeTinyModel } from '../support/tiny-model.js';
import { bundlePrograms, PROGRAMS } from './bundle-programs.js';
import type { TrainerOrder } from './trainer-process.js';

export const STEPS = 6;

export interface YardJob {
  /** As in the spec. */
  readonly method: object;
  readonly expectedWorkers: number;
  /** Default 0. */
  readonly verifyEverySteps?: number;
}

/** Jobs of a tiny model with real trainers as processes: 16 micro-batches a step, dropout on. */
export class Yard {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tuneyard-yard-'));
  readonly #trainers: Trainer[] = [];
  readonly #servers: CoordinatorServer[] = [];

  /** Writes model and data, and bundles the program of a trainer. */
  static async open(): Promise<Yard> {
    const yard = new Yard();
    writeTinyModel(join(yard.#folder, 'model'));
    const rows = Array.from({ length: 32 }, (_, i) => ({
      instruction: `part ${i}`,
      output: `${(i * 37) % 101}`,
    }));
    writeFileSync(join(yard.#folder, 'data.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
    await bundlePrograms('trainer-process');
    return yard;
  }

  /** Makes a job known; returns how to start its trainers and what came of it. */
  async job(name: string, { method, expectedWorkers, verifyEverySteps = 0 }: YardJob): Promise<RunningJob> {
    const file = (path: string): string => pathToFileURL(join(this.#folder, path)).href;
    const spec = parseFineTuneJobSpec({
      queueName: 'local',
      model: { source: file('model') },
      method,
      dataset: {
        sources: [{ uri: file('data.jsonl') }],
        split: { train: 1, validation: 0, test: 0 },
        maxLength: 64,
      },
      training: { steps: STEPS, batchSize: 16, microBatchSize: 1, verifyEverySteps },
      output: { uri: file(name) },
    });
    const server = await createCoordinatorServer({
      address: '127.0.0.1:0',
      store: new MemoryStateStore(),
      bus: new MemoryEventBus(),
      heartbeatTimeoutSeconds: 60,
    });
    this.#servers.push(server);
    const job = { namespace: 'team', name, uid: name };
    const config = toTrainerConfig(resolveSpec(spec));
    await server.coordinator.register({ ref: job, config, token: 's', expectedWorkers });
    return {
      start: (memberId, more = {}) => {
        const trainer = new Trainer({ coordinator: server.address, memberId, job, token: 's', ...more });
        this.#trainers.push(trainer);
        return trainer;
      },
      adapterDigest: () => digestOf(join(this.#folder, name, 'adapter_model.safetensors')),
    };
  }

  async close(): Promise<void> {
    for (const { child } of this.#trainers) if (child.exitCode === null) child.kill('SIGKILL');
    for (const server of this.#servers) await server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface RunningJob {
  start(memberId: string, more?: Pick<TrainerOrder, 'flawedFrom' | 'await'>): Trainer;
  adapterDigest(): string;
}

const digestOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

export class Trainer {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  stderr = '';
  #waiting: (() => void)[] = [];

  constructor(order: TrainerOrder) {
    this.child = spawn(process.execPath, [join(PROGRAMS, 'trainer-process.mjs'), JSON.stringify(order)], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TUNEYARD_BACKEND: 'wasm' },
    });
    if (this.child.stderr === null) throw new Error('a trainer needs a pipe');
    createInterface({ input: this.child.stderr }).on('line', (line) => {
      this.stderr += `${line}\n`;
      this.#waiting.splice(0).forEach((resume) => resume());
    });
    this.ended = once(this.child, 'close');
    void this.ended.then(() => this.#waiting.splice(0).forEach((resume) => resume()));
  }

  steps(): number[] {
    return [...this.stderr.matchAll(/^\{"step":(\d+)\}$/gm)].map(([, step]) => Number(step));
  }

  /** Of its trained values and optimizer moments at the end; undefined when it did not come to the end. */
  stateDigest(): string | undefined {
    return /^\{"state":"([0-9a-f]+)"\}$/m.exec(this.stderr)?.[1];
  }

  /** Resolves when it has committed the step; throws when it ends before. */
  async committed(step: number): Promise<void> {
    while ((this.steps().at(-1) ?? 0) < step) {
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`the trainer ended before step ${step}: ${this.stderr}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}
