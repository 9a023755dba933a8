import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import { TrainerConfig } from '@tuneyard/proto';

import type { CoordinatorOrder } from './coordinator-process.js';
import { traitsOf, type FaultCase, type FaultPlan, type Struck } from './faults.js';
import { run } from './programs.js';
import { randomOf } from './random.js';
import type { Committed, TrainerOrder } from './trainer-process.js';
import type { Trainer, Yard } from './yard.js';

const WORKERS = 3;
const TRAINING = {
  // Large enough for an all-gather, and for a state of several chunks.
  method: { type: 'lora', lora: { rank: 64, dropout: 0.1, targetModules: ['all-linear'] } },
  steps: 8,
  checkpointEverySteps: 2,
};
const FAULT_STEP = 3;
const CHECKPOINT_STEP = 4;
/** In this step the others wait for the newcomer. */
const AWAIT_STEP = 4;
/** No job takes so long: one that does hangs. */
const LONGEST_MS = 90_000;

export interface FaultOutcome extends FaultCase {
  readonly seed: number;
  /** From the fault to the next committed step. */
  readonly recoveryMs: number;
  /** The newest in which a step was committed. */
  readonly generations: number;
  /** All that the trainers said. */
  readonly log: string;
}

/** A job whose coordinator and trainers are processes of this machine. */
export class FaultJob {
  readonly trainers: Trainer[] = [];
  /** Processes that were killed: they need not come to the end. */
  readonly #killed = new Set<Trainer>();
  #coordinator: ChildProcess | undefined;
  #address = '127.0.0.1:0';

  constructor(
    private readonly yard: Yard,
    private readonly name: string,
  ) {}

  async startCoordinator(): Promise<void> {
    const order: CoordinatorOrder = {
      address: this.#address,
      uid: this.name,
      name: this.name,
      config: TrainerConfig.toJSON(this.yard.config(this.name, TRAINING)),
      expectedWorkers: WORKERS,
      heartbeatTimeoutSeconds: 5,
    };
    this.#coordinator = run('coordinator-process', order);
    if (this.#coordinator.stdout === null) throw new Error('the coordinator needs a pipe');
    this.#coordinator.stderr?.resume();
    const [line]: unknown[] = await once(createInterface({ input: this.#coordinator.stdout }), 'line');
    this.#address = String(line);
  }

  async killCoordinator(): Promise<void> {
    if (this.#coordinator === undefined || this.#coordinator.exitCode !== null) return;
    this.#coordinator.kill('SIGKILL');
    await once(this.#coordinator, 'exit');
  }

  start(memberId: string, more: Pick<TrainerOrder, 'await' | 'fault'> = {}): Trainer {
    const job = { namespace: 'team', name: this.name, uid: this.name };
    const trainer = this.yard.startTrainer({
      coordinator: this.#address,
      memberId,
      job,
      token: 's',
      ...more,
    });
    this.trainers.push(trainer);
    return trainer;
  }

  kill(trainer: Trainer): void {
    this.#killed.add(trainer);
    trainer.child.kill('SIGKILL');
  }

  /** It killed itself. */
  isKilled(trainer: Trainer): void {
    this.#killed.add(trainer);
  }

  get living(): Trainer[] {
    return this.trainers.filter((trainer) => !this.#killed.has(trainer));
  }

  commits(): Committed[] {
    return this.trainers.flatMap((trainer) => trainer.commits());
  }

  committedStep(): number {
    return Math.max(0, ...this.commits().map(({ step }) => step));
  }

  /** Resolves when `probe` holds; looked at whenever a trainer says something. */
  async until(probe: () => boolean): Promise<void> {
    while (!probe()) await Promise.race(this.trainers.map((trainer) => trainer.news()));
  }

  /** Waits for the end of all who live; throws when one of them fails, or steps are missing. */
  async end(): Promise<void> {
    const failed = (): Trainer | undefined =>
      this.living.find(({ child }) => (child.exitCode ?? 0) !== 0 || child.signalCode !== null);
    await this.until(() => failed() !== undefined || this.living.every(({ child }) => child.exitCode === 0));
    if (failed() !== undefined) throw new Error('a trainer failed');
    const committed = new Set(this.commits().map(({ step }) => step));
    for (let step = 1; step <= TRAINING.steps; step++)
      if (!committed.has(step)) throw new Error(`nobody committed step ${step}`);
    for (const trainer of this.trainers) {
      const steps = trainer.steps();
      if (steps.some((step, at) => step <= (steps[at - 1] ?? 0)))
        throw new Error(`a trainer went back: ${steps.join(' ')}`);
    }
  }

  adapterDigest(): string {
    return this.yard.adapterDigest(this.name);
  }

  async close(): Promise<void> {
    for (const { child } of this.trainers) if (child.exitCode === null) child.kill('SIGKILL');
    await this.killCoordinator();
  }

  log(): string {
    return this.trainers.map(({ stderr }, at) => `--- w${at}\n${stderr}`).join('\n');
  }
}

/** Trains without a fault; the digest to compare with, and what a step takes. */
export async function calmRun(yard: Yard): Promise<{ readonly digest: string; readonly stepMs: number }> {
  const job = new FaultJob(yard, 'calm');
  try {
    await job.startCoordinator();
    for (let at = 0; at < WORKERS; at++) job.start(`w${at}`);
    await job.end();
    const times = job.trainers[0]?.commits().map(({ at }) => at) ?? [];
    const [first = 0, last = 0] = [times[0], times.at(-1)];
    return { digest: job.adapterDigest(), stepMs: (last - first) / (times.length - 1) };
  } finally {
    await job.close();
  }
}

/** Runs one job that is hit by one fault. Throws, with all that the trainers said, when it does not come to `digest`. */
export async function runCase(
  yard: Yard,
  { fault, phase }: FaultCase,
  seed: number,
  digest: string,
): Promise<FaultOutcome> {
  const job = new FaultJob(yard, `${fault} in ${phase} ${seed}`.replaceAll(/[^a-z0-9]+/g, '-'));
  const deadline = new AbortController();
  try {
    return await Promise.race([
      hurt(job, { fault, phase }, seed, digest),
      delay(LONGEST_MS, undefined, { signal: deadline.signal }).then(() => {
        throw new Error('the job hangs');
      }),
    ]);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${fault} in ${phase}, seed ${seed}: ${why}\n${job.log()}`, { cause: error });
  } finally {
    deadline.abort();
    await job.close();
  }
}

async function hurt(
  job: FaultJob,
  { fault, phase }: FaultCase,
  seed: number,
  digest: string,
): Promise<FaultOutcome> {
  const random = randomOf(seed);
  const hitsNewcomer = phase === 'state transfer' || phase === 'join';
  const hasNewcomer = hitsNewcomer || phase === 'donation';
  const isLeader = phase === 'checkpoint' || phase === 'donation';
  const rank = isLeader ? 0 : Math.floor(WORKERS * random());
  const step = phase === 'checkpoint' ? CHECKPOINT_STEP : FAULT_STEP;
  const plan: FaultPlan = { fault, phase, seed };
  const waits = hasNewcomer ? { await: { members: WORKERS + 1, step: AWAIT_STEP } } : {};
  await job.startCoordinator();
  for (let at = 0; at < WORKERS; at++)
    job.start(`w${at}`, { ...waits, ...(hitsNewcomer ? {} : { fault: { ...plan, at: { step, rank } } }) });
  if (hasNewcomer) {
    await job.until(() => job.committedStep() >= 1);
    job.start('newcomer', { ...waits, ...(hitsNewcomer ? { fault: plan } : {}) });
  }

  const find = (): Trainer | undefined => job.trainers.find((trainer) => trainer.struck() !== undefined);
  await job.until(() => find() !== undefined);
  const victim = find();
  const struck = victim?.struck();
  if (victim === undefined || struck === undefined) throw new Error('nobody was hit');
  await follow(job, fault, victim, random);
  await job.end();
  const result = job.adapterDigest();
  if (result !== digest) throw new Error(`the adapter is ${result}, undisturbed ${digest}`);
  return {
    fault,
    phase,
    seed,
    recoveryMs: recoveryOf(
      job.commits(),
      struck,
      hasNewcomer || fault === 'kill of everybody' ? undefined : step,
    ),
    generations: Math.max(...job.commits().map(({ generation }) => generation)),
    log: job.log(),
  };
}

/** What belongs to the fault and is not done by the victim itself. */
async function follow(
  job: FaultJob,
  fault: FaultCase['fault'],
  victim: Trainer,
  random: () => number,
): Promise<void> {
  const others = job.living.filter((trainer) => trainer !== victim);
  switch (fault) {
    case 'kill of the coordinator':
    case 'kill and kill of the coordinator':
      if (fault !== 'kill of the coordinator') job.isKilled(victim);
      await job.killCoordinator();
      await delay(300 * random());
      return job.startCoordinator();
    case 'kill of everybody':
      for (const trainer of job.living) job.kill(trainer);
      await job.killCoordinator();
      await job.startCoordinator();
      for (let at = 0; at < WORKERS; at++) job.start(`w${at}`);
      return;
    case 'two kills': {
      const second = others[Math.floor(others.length * random())];
      if (second !== undefined) job.kill(second);
      return job.isKilled(victim);
    }
    case 'kill':
      return job.isKilled(victim);
    default:
      if (!fault.startsWith('freeze')) return;
      await delay(traitsOf(fault).endsAfterMs);
      victim.child.kill('SIGCONT');
  }
}

/**
 * To the next step that needed what was hit: the step in hand until it is summed, the one after it from the update on,
 * and where no step is in hand the first that nobody had committed.
 */
function recoveryOf(commits: readonly Committed[], { struck, at }: Struck, step: number | undefined): number {
  const before = Math.max(0, ...commits.filter((commit) => commit.at <= at).map((commit) => commit.step));
  const isSummed = struck === 'update' || struck === 'checkpoint';
  const target = step === undefined ? before + 1 : step + (isSummed ? 1 : 0);
  const times = commits
    .filter((commit) => commit.at > at && commit.step >= target)
    .map((commit) => commit.at);
  return Math.min(...times) - at;
}
