import type { KubeObject } from '@tuneyard/controller/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from './controller/cluster.js';
import { EVENTS, NODES, PODS } from './controller/kinds.js';
import { startTrainingCluster, type TrainingCluster } from './training-cluster.js';

type Pod = KubeObject & { readonly status?: { readonly phase?: string } };

const STEPS = 400;

let cluster: TrainingCluster;
beforeAll(async () => {
  cluster = await startTrainingCluster([], { 'gpu-0': 1, 'gpu-1': 1, 'gpu-2': 1 });
});
afterAll(() => cluster.close());

const submit = (name: string, workers: object, steps = STEPS) =>
  cluster.submit(name, {
    training: { steps, batchSize: 4, microBatchSize: 1 },
    workers,
    runPolicy: { backoffLimit: 0 },
  });

/** Two train again; on a busy machine the one that was left may come to the end before the other one has started. */
const hasTwoAgain = (name: string, step: number) =>
  cluster.jobWhen(
    name,
    'trains with two again, or is complete',
    ({ status }) =>
      status?.phase === 'Complete' || (status?.workers?.ready === 2 && (status.progress?.step ?? 0) > step),
  );

const trains = (name: string, ready: number, step: number) =>
  cluster.jobWhen(
    name,
    `trains with ${ready} workers past step ${step}`,
    ({ status }) => status?.workers?.ready === ready && (status.progress?.step ?? 0) > step,
  );

/** Waits until it is complete and its workers have left their GPUs. */
async function complete(name: string) {
  const job = await cluster.jobWhen(name, 'is complete', ({ status }) => status?.phase === 'Complete');
  await until('its pods have ended', async () => {
    const { items } = await cluster.client.list<Pod>(PODS, { labelSelector: `tuneyard.dev/job=${name}` });
    return items.every(({ status }) => status?.phase === 'Succeeded');
  });
  return job;
}

const eventsOf = async (name: string) => {
  const { items } = await cluster.client.list<
    KubeObject & { readonly reason: string; readonly involvedObject: { readonly name: string } }
  >(EVENTS, { namespace: 'default' });
  return items.filter(({ involvedObject }) => involvedObject.name === name).map(({ reason }) => reason);
};

describe('a node that goes down under a job', () => {
  it('costs it one worker, which goes on on another node: no step is lost and the bits are the same', async () => {
    await submit('undisturbed', { min: 2, max: 2 });
    await complete('undisturbed');

    await submit('hit', { min: 2, max: 2 });
    const before = await trains('hit', 2, 5);
    const [first = '', second = ''] = before.status?.placement?.nodes ?? [];
    const spare = ['gpu-0', 'gpu-1', 'gpu-2'].find((name) => name !== first && name !== second);
    const podOf = (index: number) =>
      cluster.client.get<KubeObject>(PODS, { name: `hit-worker-${index}`, namespace: 'default' });
    const survivor = await podOf(1);
    // The one that leads the group and writes its checkpoints.
    await cluster.loseNode(first);
    const step = (await cluster.job('hit')).status?.progress?.step ?? 0;
    const after = await cluster.jobWhen(
      'hit',
      'has another node',
      ({ status }) => status?.placement?.nodes[0] === spare,
    );
    expect(after.status?.placement?.nodes).toEqual([spare, second]);
    const again = await hasTwoAgain('hit', step);
    expect(again.status?.workers?.generation ?? 0).toBeGreaterThan(before.status?.workers?.generation ?? 0);
    expect((await podOf(1)).metadata.uid).toBe(survivor.metadata.uid);

    const { status } = await complete('hit');
    expect(status).toMatchObject({ replacements: 1, progress: { step: STEPS } });
    // Neither a failure, nor a new attempt, nor any work done twice.
    expect(status?.restarts ?? 0).toBe(0);
    expect(status?.evictions ?? 0).toBe(0);
    expect(status?.attempt ?? 0).toBe(0);
    expect(status?.gpuSecondsLost ?? 0).toBe(0);
    expect(await eventsOf('hit')).toEqual(expect.arrayContaining(['NodeLost', 'WorkerReplaced']));
    expect(cluster.adapterDigest('hit')).toBe(cluster.adapterDigest('undisturbed'));
  }, 180_000);

  it('leaves it with fewer workers while there is no other node, down to its fewest', async () => {
    await submit('alone', { min: 1, max: 2 });
    const before = await trains('alone', 2, 5);
    const lost = before.status?.placement?.nodes[1] ?? '';
    await cluster.loseNode(lost);
    await cluster.client.delete(NODES, { name: lost });
    const fewer = await cluster.jobWhen(
      'alone',
      'goes on with one',
      ({ status }) => status?.workers?.ready === 1 && status.placement?.lost?.join() === '1',
    );
    expect(fewer.status?.workers?.desired).toBe(2);
    const why = fewer.status?.conditions?.find(({ type }) => type === 'WorkersReady');
    expect(why).toMatchObject({ status: 'False', reason: 'NodeLost' });
    expect(why?.message).toContain(`worker 1 needs another than ${lost}`);
    const step = fewer.status?.progress?.step ?? 0;
    await trains('alone', 1, step);
    await cluster.addNode('gpu-3', 1);
    await hasTwoAgain('alone', step);
    const { status } = await complete('alone');
    expect(status?.placement?.nodes[1]).toBe('gpu-3');
    expect(status).toMatchObject({ replacements: 1, progress: { step: STEPS } });
    expect(cluster.adapterDigest('alone')).toBe(cluster.adapterDigest('undisturbed'));
  }, 180_000);

  it('sends it back to the queue, with a checkpoint, only when too few workers are left', async () => {
    await submit('whole', { min: 2, max: 2 });
    const before = await trains('whole', 2, 5);
    await cluster.loseNode(before.status?.placement?.nodes[1] ?? '');
    const waiting = await until(
      'it waits for a whole gang',
      async () => {
        const found = await cluster.job('whole');
        return found.status?.queue === undefined ? undefined : found;
      },
      60_000,
    );
    const evicted = waiting.status?.conditions?.find(({ type }) => type === 'Evicted');
    expect(evicted).toMatchObject({ status: 'True', reason: 'NodeLost' });
    const saved = waiting.status?.checkpoint?.step ?? 0;
    expect(saved).toBeGreaterThan(5);
    await cluster.addNode('gpu-4', 1);
    const { status } = await complete('whole');
    expect(status).toMatchObject({ evictions: 1, attempt: 1, progress: { step: STEPS } });
    expect(status?.restarts ?? 0).toBe(0);
    expect(cluster.adapterDigest('whole')).toBe(cluster.adapterDigest('undisturbed'));
  }, 180_000);
});
