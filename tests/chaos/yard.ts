import type { ChildProcess } from 'node:child_process';
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

import type { TrainerConfig } from '@tuneyard/proto';

import { writeTinyModel } from '../support/tiny-model.js';
import { preparePrograms, run } from './programs.js';
import type { Struck } from './faults.js';
import type { Committed, TrainerOrder } from './trainer-process.js';

export const STEPS = 6;

export interface YardTraining {
  /** As in the spec. */
  readonly method: object;
  /** Default 0. */
  readonly verifyEverySteps?: number;
  /** Default {@link STEPS}. */
  readonly steps?: number;
  /** Default: no checkpoints. */
  readonly checkpointEverySteps?: number;
}

export interface YardJob extends YardTraining {
  readonly expectedWorkers: number;
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
    await preparePrograms('trainer-process', 'shaky-thread', 'coordinator-process');
    return yard;
  }

  /** What the controller would tell the trainers of such a job; its result goes to a folder of that name. */
  config(name: string, training: YardTraining): TrainerConfig {
    const { method, verifyEverySteps = 0, steps = STEPS, checkpointEverySteps } = training;
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
      training: {
        steps,
        batchSize: 16,
        microBatchSize: 1,
        verifyEverySteps,
        ...(checkpointEverySteps === undefined
          ? {}
          : { checkpoint: { everySteps: checkpointEverySteps, keep: 2, uri: file(`${name}-checkpoints`) } }),
      },
      output: { uri: file(name) },
    });
    return toTrainerConfig(resolveSpec(spec));
  }

  /** Of the result of a job. */
  adapterDigest(name: string): string {
    return digestOf(join(this.#folder, name, 'adapter_model.safetensors'));
  }

  startTrainer(order: TrainerOrder): Trainer {
    const trainer = new Trainer(order);
    this.#trainers.push(trainer);
    return trainer;
  }

  /** Makes a job known; returns how to start its trainers and what came of it. */
  async job(name: string, { expectedWorkers, ...training }: YardJob): Promise<RunningJob> {
    const server = await createCoordinatorServer({
      address: '127.0.0.1:0',
      store: new MemoryStateStore(),
      bus: new MemoryEventBus(),
      heartbeatTimeoutSeconds: 60,
    });
    this.#servers.push(server);
    const job = { namespace: 'team', name, uid: name };
    const config = this.config(name, training);
    await server.coordinator.register({ ref: job, config, token: 's', expectedWorkers });
    return {
      start: (memberId, more = {}) =>
        this.startTrainer({ coordinator: server.address, memberId, job, token: 's', ...more }),
      adapterDigest: () => this.adapterDigest(name),
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
    this.child = run('trainer-process', order, { TUNEYARD_BACKEND: 'wasm' });
    this.child.stdout?.resume();
    if (this.child.stderr === null) throw new Error('a trainer needs a pipe');
    createInterface({ input: this.child.stderr }).on('line', (line) => {
      this.stderr += `${line}\n`;
      this.#waiting.splice(0).forEach((resume) => resume());
    });
    this.ended = once(this.child, 'close');
    void this.ended.then(() => this.#waiting.splice(0).forEach((resume) => resume()));
  }

  /** In the order in which it committed them. */
  commits(): Committed[] {
    return [...this.stderr.matchAll(/^\{"step":.*\}$/gm)].map(([line]) => JSON.parse(line));
  }

  steps(): number[] {
    return this.commits().map(({ step }) => step);
  }

  /** When and where the fault of its order hit it. */
  struck(): Struck | undefined {
    const [line] = /^\{"struck":.*\}$/m.exec(this.stderr) ?? [];
    return line === undefined ? undefined : JSON.parse(line);
  }

  /** Of its trained values and optimizer moments at the end; undefined when it did not come to the end. */
  stateDigest(): string | undefined {
    return /^\{"state":"([0-9a-f]+)"\}$/m.exec(this.stderr)?.[1];
  }

  /** Resolves when it says something more, or has ended. */
  news(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves when it has committed the step; throws when it ends before. */
  async committed(step: number): Promise<void> {
    while ((this.steps().at(-1) ?? 0) < step) {
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`the trainer ended before step ${step}: ${this.stderr}`);
      await this.news();
    }
  }
}
