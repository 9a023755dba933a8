import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Arena, buildPrograms, type WorkerProcess } from './arena.js';
import type { FakeTraining, Flaw } from './fake-training.js';

const training: FakeTraining = {
  totalSteps: 30,
  count: 16,
  length: 20_000,
  unitMs: 2,
  evaluateEvery: 7,
  verifyEverySteps: 1,
};
const FROM_STEP = 9;

let expected = '';
let arena: Arena | undefined;

beforeAll(async () => {
  await buildPrograms();
  const calm = await started(1, { ...training, unitMs: 0, verifyEverySteps: 0 });
  expected = await digestOf(calm);
  await calm.close();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') for (const worker of arena?.workers ?? []) console.log(worker.stderr);
  await arena?.close();
  arena = undefined;
});

async function started(workers: number, of: FakeTraining): Promise<Arena> {
  arena = new Arena(of, workers);
  await arena.start(workers);
  return arena;
}

/** Waits for the end of all; the one digest that those came to who took the last step. */
async function digestOf(of: Arena): Promise<string> {
  await of.until(() => of.workers.every((worker) => worker.ended));
  const digests = of.workers
    .flatMap((worker) => worker.outcome() ?? [])
    .filter(({ step }) => step === of.training.totalSteps)
    .map(({ digest }) => digest);
  expect(new Set(digests).size).toBe(1);
  return digests[0] ?? '';
}

/** Whoever committed a step committed the same bits. */
function expectEqualCommits(of: Arena): void {
  const digests = new Map<number, string>();
  for (const worker of of.workers)
    for (const { step, digest } of worker.commits()) {
      expect(digest, `step ${step} of ${worker.memberId}`).toBe(digests.get(step) ?? digest);
      digests.set(step, digest);
    }
}

async function ended(of: Arena, memberId: string): Promise<WorkerProcess> {
  const worker = of.workers.find((known) => known.memberId === memberId);
  if (worker === undefined) throw new Error(`no ${memberId}`);
  await of.until(() => worker.ended);
  return worker;
}

const flawOf = (kind: Flaw['kind']): Flaw => ({ memberId: 'w1', fromStep: FROM_STEP, kind });

describe('a worker that computes wrong bits', () => {
  it.each([
    { workers: 3, kind: 'persistent' },
    { workers: 4, kind: 'persistent' },
    { workers: 3, kind: 'passing' },
    { workers: 2, kind: 'passing' },
  ] as const)(
    'among $workers, $kind, is named and replaced; none is committed',
    async ({ workers, kind }) => {
      const job = await started(workers, { ...training, flaw: flawOf(kind) });
      const worker = await ended(job, 'w1');
      expect(worker.child.exitCode).not.toBe(0);
      expect(worker.stderr).toMatch(
        /ExpelledError: .*micro-batch.* in step \d+ as computed by w1 has wrong bits/,
      );
      expect(worker.committedStep()).toBe(FROM_STEP - 1);
      // One report is enough: the next membership may reach another worker before it has checked the step itself.
      const others = job.workers.filter(({ memberId }) => memberId !== 'w1');
      expect(others.map(({ stderr }) => stderr).join('')).toMatch(
        /wrong bits: .* as computed by w1 .*"peer":"w1"/,
      );
      job.startWorker('w9');
      expect(await digestOf(job)).toBe(expected);
      expectEqualCommits(job);
      expect(job.workers.filter((one) => one.outcome() !== undefined)).toHaveLength(workers);
    },
  );

  it('is one of two who each insist: neither is believed, both are replaced, the step is not committed', async () => {
    const job = await started(2, { ...training, flaw: flawOf('persistent') });
    for (const memberId of ['w0', 'w1']) {
      const worker = await ended(job, memberId);
      expect(worker.stderr).toMatch(/ExpelledError: .* as computed by w\d and w\d has wrong bits/);
      expect(worker.committedStep()).toBe(FROM_STEP - 1);
    }
  });

  it('spoils the result where nobody verifies', async () => {
    const job = await started(3, { ...training, verifyEverySteps: 0, flaw: flawOf('passing') });
    expect(await digestOf(job)).not.toBe(expected);
  });
});
