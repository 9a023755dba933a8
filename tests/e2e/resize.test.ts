import type { KubeObject } from '@tuneyard/controller/kube';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { JOBS, PODS } from './controller/kinds.js';
import { startTrainingCluster, type TrainingCluster } from './training-cluster.js';

const STEPS = 150;

let cluster: TrainingCluster;
beforeAll(async () => {
  cluster = await startTrainingCluster([], { 'gpu-0': 2 });
});
afterAll(() => cluster.close());

const submit = (name: string) =>
  cluster.submit(name, {
    training: { steps: STEPS, batchSize: 4, microBatchSize: 1 },
    workers: { min: 1, max: 2 },
  });

const complete = (name: string) =>
  cluster.jobWhen(name, 'is complete', ({ status }) => status?.phase === 'Complete');

it('a job whose workers.max is lowered while it trains goes on with fewer, to the same bits', async () => {
  await submit('lowered');
  const before = await cluster.jobWhen(
    'lowered',
    'trains with two',
    ({ status }) => status?.workers?.ready === 2 && (status.progress?.step ?? 0) > 5,
  );
  await cluster.client.mergePatch(
    JOBS,
    { name: 'lowered', namespace: 'default' },
    { spec: { replicas: 1 } },
    // As kubectl scale does.
    { subresource: 'scale' },
  );
  const after = await cluster.jobWhen(
    'lowered',
    'trains with one',
    ({ status }) =>
      status?.workers?.desired === 1 &&
      status.workers.ready === 1 &&
      (status.progress?.step ?? 0) > (before.status?.progress?.step ?? 0),
  );
  expect(after.status?.placement?.nodes).toHaveLength(1);
  const { status } = await complete('lowered');
  expect(status).toMatchObject({ progress: { step: STEPS } });
  // The same attempt: nothing failed, nothing was evicted, nothing was trained twice.
  expect([status?.restarts ?? 0, status?.evictions ?? 0, status?.attempt ?? 0]).toEqual([0, 0, 0]);
  const pods = await cluster.client.list<KubeObject>(PODS, { labelSelector: 'tuneyard.dev/job=lowered' });
  expect(pods.items.map(({ metadata }) => metadata.name)).toEqual(['lowered-worker-0']);
  await submit('calm');
  await complete('calm');
  expect(cluster.adapterDigest('lowered')).toBe(cluster.adapterDigest('calm'));
}, 180_000);
