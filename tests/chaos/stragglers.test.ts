import {
  createCoordinatorServer,
  MemoryEventBus,
  MemoryStateStore,
  type CoordinatorServer,
  type JobEvent,
} from '@tuneyard/controller/coordinator';
import { TrainerConfig } from '@tuneyard/proto';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Arena, buildPrograms, type WorkerProcess } from './arena.js';
import type { FakeTraining } from './fake-training.js';

const training: FakeTraining = { totalSteps: 22, count: 12, length: 20_000, unitMs: 5, evaluateEvery: 9 };
/** So much slower that it shows on a busy machine too, where the others' timers are late. */
const SLOW = { w2: 60 };

let arena: Arena | undefined;
let server: CoordinatorServer | undefined;
let news: string[] = [];
let events: JobEvent[] = [];

beforeAll(buildPrograms);

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') for (const worker of arena?.workers ?? []) console.log(worker.stderr);
  await arena?.close();
  await server?.close();
});

async function started(
  workers: number,
  of: FakeTraining,
  job: { readonly replaceStragglers?: boolean } = {},
): Promise<Arena> {
  arena = new Arena(of, workers);
  news = [];
  events = [];
  const bus = new MemoryEventBus();
  await bus.subscribe({}, (event) => Promise.resolve(void events.push(event)));
  server = await createCoordinatorServer({
    address: '127.0.0.1:0',
    store: new MemoryStateStore(),
    bus,
    heartbeatIntervalSeconds: 0.1,
    membership: { stragglerAfterMs: 500 },
    news: {
      straggling: (_, memberId) => news.push(`${memberId} is slow`),
      expelled: (_, memberId, cause) => news.push(`${memberId} is expelled: ${cause}`),
    },
  });
  arena.address = server.address;
  const ref = { namespace: 'team', name: 'tune', uid: arena.uid };
  const config = TrainerConfig.create();
  await server.coordinator.register({ ref, config, token: 's', expectedWorkers: workers, ...job });
  arena.startWorkers(workers);
  return arena;
}

async function digestOf(of: Arena): Promise<string | undefined> {
  await of.until(() => of.workers.every((worker) => worker.ended));
  const outcomes = of.workers.flatMap((worker) => worker.outcome() ?? []);
  // One that came when the job was over has nothing to show.
  const last = Math.max(...outcomes.map(({ step }) => step));
  const digests = new Set(outcomes.filter(({ step }) => step === last).map(({ digest }) => digest));
  expect(digests.size).toBe(1);
  return [...digests][0];
}

/** How many units the worker began of a gradient; evaluations are of other steps' parameters. */
function unitsOf(worker: WorkerProcess, step: number): number {
  return new Set(
    worker.reports.flatMap((report) =>
      report.kind === 'compute' && report.step === step ? [report.unit] : [],
    ),
  ).size;
}

describe('a worker far slower than the others', () => {
  it('gets less to do, is reported, and the result has the same bits', async () => {
    const calm = await started(1, { ...training, unitMs: 0 });
    const expected = await digestOf(calm);
    await calm.close();
    await server?.close();

    const job = await started(3, { ...training, unitMsOf: SLOW });
    expect(await digestOf(job)).toBe(expected);
    const slow = job.workers[2];
    if (slow === undefined) throw new Error('no third worker');
    expect(unitsOf(slow, 2)).toBe(4);
    // 12 units at the least share for it, half of an average one, and at most twice that for the others.
    expect(unitsOf(slow, training.totalSteps - 1)).toBeLessThanOrEqual(3);
    expect(news).toEqual(['w2 is slow']);
    expect(events.filter(({ type }) => type === 'straggler')).toHaveLength(1);
  });

  it('is replaced where the job allows it', async () => {
    const job = await started(
      3,
      { ...training, totalSteps: 30, unitMsOf: SLOW },
      { replaceStragglers: true },
    );
    const [, , slow] = job.workers;
    await job.until(() => slow?.ended === true);
    expect(slow?.child.exitCode).not.toBe(0);
    expect(slow?.stderr).toMatch(/expelled from its job: it took \d+\.\d times as long/);
    expect(news).toEqual(['w2 is slow', 'w2 is expelled: straggler']);
    job.startWorker('w3');
    await digestOf(job);
    expect(events.filter(({ type }) => type === 'expelled')).toHaveLength(1);
  });
});
