import { once } from 'node:events';
import type { KubeObject } from '@tuneyard/controller/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from './controller/cluster.js';
import { JOBS, PODS } from './controller/kinds.js';
import { startTrainingCluster, type TrainingCluster } from './training-cluster.js';

let cluster: TrainingCluster;
beforeAll(async () => {
  cluster = await startTrainingCluster();
});
afterAll(() => cluster.close());

/** Workers are gone within 1 to 3 s; the rest is for a busy machine, and far below the grace period of 120 s. */
const GONE_MS = 10_000;

async function delayOfDeletion(name: string): Promise<number> {
  const pods = async () => {
    const { items } = await cluster.client.list<KubeObject>(PODS, { namespace: 'default' });
    return items.filter(({ metadata }) => metadata.labels?.['tuneyard.dev/job'] === name);
  };
  expect((await pods()).length).toBeGreaterThan(0);
  const told = Date.now();
  await cluster.client.delete(JOBS, { name, namespace: 'default' });
  await until(
    `the pods of ${name} are gone`,
    async () => ((await pods()).length === 0 ? true : undefined),
    60_000,
  );
  return Date.now() - told;
}

const endless = (workers: number) => ({
  training: { steps: 100_000, batchSize: 4, microBatchSize: 1 },
  workers: { min: workers, max: workers },
});
const trains = (name: string) =>
  cluster.jobWhen(name, 'trains', ({ status }) => (status?.progress?.step ?? 0) >= 3);

describe('a job that is deleted', () => {
  it.each([1, 2])(
    'gives its GPUs back at once while %i workers train',
    async (workers) => {
      await cluster.submit(`training-${workers}`, endless(workers));
      await trains(`training-${workers}`);
      expect(await delayOfDeletion(`training-${workers}`)).toBeLessThan(GONE_MS);
    },
    120_000,
  );

  it('gives its GPUs back at once while its workers load', async () => {
    await cluster.submit('loading', endless(1));
    await until('it has a pod', async () => {
      const { items } = await cluster.client.list<KubeObject>(PODS, { namespace: 'default' });
      return items.some(({ metadata }) => metadata.name === 'loading-worker-0') ? true : undefined;
    });
    expect(await delayOfDeletion('loading')).toBeLessThan(GONE_MS);
  }, 120_000);

  it('gives its GPUs back at once when there is no controller', async () => {
    await cluster.submit('orphan', endless(2));
    await trains('orphan');
    const exit = once(cluster.controller.process, 'exit');
    cluster.controller.process.kill('SIGKILL');
    await exit;
    expect(await delayOfDeletion('orphan')).toBeLessThan(GONE_MS);
  }, 120_000);
});
