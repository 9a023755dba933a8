import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KubeObject } from '@tuneyard/controller/kube';
import { jobObject, startCluster, startControllerProcess, until, type Cluster } from './cluster.js';
import { JOBS } from './kinds.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

type Scale = KubeObject & { readonly spec: { readonly replicas: number } };

const create = (name: string, workers: object | undefined) =>
  cluster.client.create(JOBS, jobObject(name, { workers }));
const scaleOf = async (name: string) => {
  const path = `/apis/tuneyard.dev/v1alpha1/namespaces/default/finetunejobs/${name}/scale`;
  return ((await cluster.client.getPath(path)) as Scale).spec.replicas;
};
const scaleTo = (name: string, replicas: number) =>
  cluster.client.mergePatch(
    JOBS,
    { name, namespace: 'default' },
    { spec: { replicas } },
    { subresource: 'scale' },
  );

test.each([
  ['nothing', undefined, 1],
  ['other-fields', { gpusPerWorker: 2 }, 1],
  ['one', { min: 1 }, 1],
  ['a-range', { min: 2, max: 4 }, 4],
  ['a-minimum', { min: 2 }, 1],
])('a job that says %s of its workers has a scale', async (name, workers, replicas) => {
  await create(name, workers);
  expect(await scaleOf(name)).toBe(replicas);
  await scaleTo(name, 3);
  expect(await scaleOf(name)).toBe(3);
});

test('the scale of a job with a minimum alone is that minimum, and stays one that can be changed', async () => {
  const controller = await startControllerProcess(cluster.kubeconfig);
  try {
    const scaleWhen = (name: string, replicas: number) =>
      until(`${name} has ${replicas}`, async () => (await scaleOf(name)) === replicas || undefined);
    const made = await create('minimum', { min: 4 });
    await scaleWhen('minimum', 4);
    // As kubectl replace writes the same file again.
    const { resourceVersion: _old, ...metadata } = made.metadata;
    const again = (min: number) =>
      cluster.client.update(JOBS, { ...jobObject('minimum', { workers: { min } }), metadata });
    await again(4);
    await scaleWhen('minimum', 4);
    await again(6);
    await scaleWhen('minimum', 6);
    await scaleTo('minimum', 8);
    expect(await scaleOf('minimum')).toBe(8);
    await expect(scaleTo('minimum', 2)).rejects.toThrow(/min must not be larger than max/);
  } finally {
    await controller.stop();
  }
}, 30_000);

test('a scale below the minimum is refused, as is a range that is none', async () => {
  await create('bounded', { min: 2, max: 4 });
  await expect(scaleTo('bounded', 1)).rejects.toThrow(/min must not be larger than max/);
  await expect(create('reversed', { min: 3, max: 2 })).rejects.toThrow(/min must not be larger than max/);
});
