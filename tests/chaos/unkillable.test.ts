import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Arena, buildPrograms, type WorkerProcess } from './arena.js';
import type { FakeTraining } from './fake-training.js';
import { randomOf } from './random.js';

/** TUNEYARD_SEED repeats a run. */
const seed = Number(process.env['TUNEYARD_SEED'] ?? Date.now() % 1_000_000);
const random = randomOf(seed);
const training: FakeTraining = { totalSteps: 60, count: 16, length: 20_000, unitMs: 4, evaluateEvery: 7 };

let expected = '';
let arena: Arena | undefined;

beforeAll(async () => {
  console.log(`seed ${seed}`);
  await buildPrograms();
  const calm = await started(1, 1, { ...training, unitMs: 0 });
  expected = await digestOf(calm);
  await calm.close();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') for (const worker of arena?.workers ?? []) console.log(worker.stderr);
  await arena?.close();
  arena = undefined;
});

async function started(
  workers: number,
  expectedWorkers: number,
  of: FakeTraining = training,
  nodeOf?: (memberId: string) => string,
): Promise<Arena> {
  arena = new Arena(of, expectedWorkers, nodeOf);
  await arena.start(workers);
  return arena;
}

/** Waits for the end of all; the one digest that they came to. */
async function digestOf(of: Arena): Promise<string> {
  await of.until(() => of.workers.every((worker) => worker.ended));
  // A worker that hears of the result before it has taken the last step itself ends without it.
  const outcomes = of.workers
    .flatMap((worker) => worker.outcome() ?? [])
    .filter((outcome) => outcome.step === of.training.totalSteps);
  // Whoever commits a step, in whatever generation, commits the same bits.
  const digests = new Map<number, string>();
  for (const worker of of.workers)
    for (const { step, digest, generation } of worker.commits()) {
      const known = digests.get(step) ?? digest;
      expect(digest, `step ${step} of ${worker.memberId} in generation ${generation}`).toBe(known);
      digests.set(step, known);
    }
  expect(new Set(outcomes.map((outcome) => outcome.digest)).size).toBe(1);
  // Nobody goes back: each process commits ever later steps.
  for (const worker of of.workers) {
    const steps = worker.commits().map((commit) => commit.step);
    expect(steps).toEqual([...new Set(steps)].sort((left, right) => left - right));
  }
  return outcomes[0]?.digest ?? '';
}

function pick(workers: readonly WorkerProcess[]): WorkerProcess {
  const living = workers.filter((worker) => !worker.ended);
  const worker = living[Math.floor(random() * living.length)];
  if (worker === undefined) throw new Error('nobody is left');
  return worker;
}

describe('a job', () => {
  it.each([
    ['apart', () => ''],
    ['on two nodes', (memberId: string) => `n${Number(memberId.slice(1)) % 2}`],
  ])('survives kill -9 of any worker at any moment, again and again, workers %s', async (_, nodeOf) => {
    const job = await started(4, 4, training, nodeOf);
    const kills: { at: number; generation: number }[] = [];
    const calm = (): boolean => {
      const living = job.workers.filter((worker) => !worker.ended);
      return (
        living.length >= 3 && living.every((worker) => worker.committedStep() >= job.committedStep() - 1)
      );
    };
    for (let kill = 0; kill < 5; kill++) {
      const from = job.committedStep();
      await job.until(() => job.over() || (job.committedStep() >= from + 2 && calm()));
      await delay(40 * random());
      if (job.over()) break;
      const victim = pick(job.workers);
      const generation = job.generation();
      victim.signal('SIGKILL');
      kills.push({ at: Date.now(), generation });
      job.startWorker(`w${4 + kill}`);
      await job.until(() => job.over() || job.generation() > generation);
    }
    expect(kills.length).toBeGreaterThanOrEqual(2);
    expect(await digestOf(job)).toBe(expected);
    const times = kills
      .map(({ at, generation }) => job.recoveryMs(at, generation))
      .sort((left, right) => left - right);
    console.log(`seed ${seed}: from kill to the next committed step, ms: ${times.join(' ')}`);
    expect(times.at(-1)).toBeLessThan(2000);
  });

  it('survives a worker that is frozen for longer than the heartbeat timeout, and takes it back', async () => {
    const job = await started(3, 3, { ...training, totalSteps: 120 });
    await job.until(() => job.committedStep() >= 5);
    const frozen = pick(job.workers);
    frozen.signal('SIGSTOP');
    const at = Date.now();
    const generation = job.generation();
    const before = job.committedStep();
    await job.until(() => job.committedStep() >= before + 10);
    console.log(
      `seed ${seed}: from freeze to the next committed step, ms: ${job.recoveryMs(at, generation)}`,
    );
    frozen.signal('SIGCONT');
    await digestOf(job);
    expect(frozen.outcome()?.step).toBe(120);
  });

  it('grows from 1 to 3 and shrinks from 4 to 2, two at once', async () => {
    const job = await started(1, 1);
    await job.until(() => job.committedStep() >= 4);
    for (const memberId of ['w1', 'w2', 'w3']) job.startWorker(memberId);
    await job.until(() => job.workers.every((worker) => worker.committedStep() > 0));
    await delay(40 * random());
    pick(job.workers.slice(0, 2)).signal('SIGKILL');
    pick(job.workers.slice(2)).signal('SIGKILL');
    expect(await digestOf(job)).toBe(expected);
  });

  it('survives kill -9 of the coordinator, and of a worker while there is none', async () => {
    const job = await started(3, 3);
    await job.until(() => job.committedStep() >= 4);
    await job.killCoordinator();
    const before = job.committedStep();
    await job.until(() => job.committedStep() >= before + 5);
    const victim = pick(job.workers);
    victim.signal('SIGKILL');
    await job.until(() => victim.ended);
    await delay(200 * random());
    await job.startCoordinator();
    expect(await digestOf(job)).toBe(expected);
    expect(job.workers.filter((worker) => worker.outcome() !== undefined)).toHaveLength(2);
  });
});
