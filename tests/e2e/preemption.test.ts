import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTrainingCluster, type TrainingCluster } from './training-cluster.js';

/** On a busy machine too, another job has come and gone, and a worker has started, before these are done. */
const STEPS = 2400;

let cluster: TrainingCluster;
beforeAll(async () => {
  cluster = await startTrainingCluster(['--resize-cooldown', '1'], { 'gpu-0': 2 });
});
afterAll(() => cluster.close());

const submit = (name: string, steps: number, workers: object, more: object = {}) =>
  cluster.submit(name, {
    training: { steps, batchSize: 4, microBatchSize: 1 },
    workers,
    // Its end is farther away than the time to make room, or it would be waited for.
    runPolicy: { backoffLimit: 0, preemption: { checkpointGraceSeconds: 5 } },
    ...more,
  });

const complete = (name: string) =>
  cluster.jobWhen(name, 'is complete', ({ status }) => status?.phase === 'Complete', 180_000);

/** The step that it is past. */
const trains = async (name: string, workers: number, past = 0): Promise<number> => {
  const { status } = await cluster.jobWhen(
    name,
    `trains with ${workers} past step ${past}`,
    (job) => job.status?.workers?.ready === workers && (job.status.progress?.step ?? 0) > past,
  );
  return status?.progress?.step ?? 0;
};

describe('GPUs of a job that trains', () => {
  let calm: string;
  beforeAll(async () => {
    await submit('calm', STEPS, { min: 2, max: 2 });
    await complete('calm');
    calm = cluster.adapterDigest('calm');
  }, 200_000);

  it('beyond its fewest go to one that waits, and come back when nobody does, to the same bits', async () => {
    await submit('elastic', STEPS, { min: 1, max: 2 });
    const withTwo = await trains('elastic', 2, 5);
    await submit('small', 5, { min: 1, max: 1 });
    const withOne = await trains('elastic', 1, withTwo);
    await complete('small');
    await trains('elastic', 2, withOne);
    const { status } = await complete('elastic');
    expect(status).toMatchObject({ progress: { step: STEPS } });
    // It went on all the time: nothing failed, nothing was evicted, nothing was trained twice.
    expect([status?.restarts ?? 0, status?.evictions ?? 0, status?.attempt ?? 0]).toEqual([0, 0, 0]);
    expect(cluster.adapterDigest('elastic')).toBe(calm);
  }, 300_000);

  it('go to one of higher priority after a checkpoint, from which it goes on later, to the same bits', async () => {
    await submit('patient', STEPS, { min: 2, max: 2 });
    const before = await trains('patient', 2, 5);
    await submit('urgent', 5, { min: 2, max: 2 }, { priority: 10 });
    const evicted = await cluster.jobWhen('patient', 'waits again', ({ status }) => status?.evictions === 1);
    const condition = evicted.status?.conditions?.find(({ type }) => type === 'Evicted');
    expect(condition).toMatchObject({ status: 'True', reason: 'Preempted' });
    expect(condition?.message).toContain('urgent');
    const saved = evicted.status?.checkpoint?.step ?? 0;
    expect(saved).toBeGreaterThanOrEqual(before);
    // After the checkpoint its workers only ended.
    expect(evicted.status?.gpuSecondsLost).toBeLessThan(evicted.status?.gpuSecondsUsed ?? 0);
    await complete('urgent');
    const { status } = await complete('patient');
    expect(status).toMatchObject({ evictions: 1, attempt: 1, progress: { step: STEPS } });
    expect(status?.restarts ?? 0).toBe(0);
    expect(cluster.adapterDigest('patient')).toBe(calm);
  }, 300_000);
});
