import { readFile } from 'node:fs/promises';
import type { FineTuneJob } from '@tuneyard/controller/api';
import type { KubeObject } from '@tuneyard/controller/kube';
import { isNotFound } from '@tuneyard/controller/kube';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControllerProcess } from '../controller/cluster.js';
import { jobObject, queueObject, startControllerProcess, until } from '../controller/cluster.js';
import { speakFor, type FakeWorker, type WorkerPod } from '../controller/fake-worker.js';
import { DEFINITIONS, JOBS, PODS, QUEUES } from '../controller/kinds.js';
import type { TestCluster } from './test-cluster.js';
import { PATIENCE_MS, TOLERATIONS, flavorOf, startTestCluster } from './test-cluster.js';

const ROOT = new URL('../../../', import.meta.url);

interface Pod extends WorkerPod {
  readonly spec: WorkerPod['spec'] & { readonly nodeName?: string };
  readonly status?: { readonly phase?: string };
}

let cluster: TestCluster;
let controller: ControllerProcess | undefined;
/** A Tuneyard that is already there is somebody's: its jobs are not to be disturbed. */
let occupied = false;
const workers: FakeWorker[] = [];

beforeAll(async () => {
  cluster = await startTestCluster();
  occupied = await cluster.client.get<KubeObject>(DEFINITIONS, { name: 'finetunejobs.tuneyard.dev' }).then(
    () => true,
    (error: unknown) => {
      if (isNotFound(error)) return false;
      throw error;
    },
  );
  if (occupied) return;
  for (const name of ['finetunejobs', 'gpuqueues'])
    await cluster.install(
      parse(await readFile(new URL(`deploy/crds/${name}.yaml`, ROOT), 'utf8')) as KubeObject,
    );
  // The test itself speaks for the workers; their processes only wait to be ended.
  await cluster.startNode(2, { 'tuneyard-trainer': 'exec sleep 600' });
  controller = await startControllerProcess(cluster.kubeconfig, [
    // What it leaves behind, such as its Secret, goes with the namespace.
    `--lease-namespace=${cluster.namespace}`,
    `--namespace=${cluster.namespace}`,
  ]);
});
afterAll(async () => {
  for (const worker of workers) worker.close();
  await controller?.stop();
  await cluster.close();
});

const job = () =>
  cluster.client.get<FineTuneJob>(JOBS, { name: 'conformance', namespace: cluster.namespace });
const inPhase = (phase: string) =>
  until(
    `the job is ${phase}`,
    async () => {
      const found = await job();
      return found.status?.phase === phase ? found : undefined;
    },
    PATIENCE_MS,
  );
const pods = async () =>
  (
    await cluster.client.list<Pod>(PODS, {
      namespace: cluster.namespace,
      labelSelector: 'tuneyard.dev/job=conformance',
    })
  ).items;

describe('a job', () => {
  it('is admitted, placed on the simulated node, trained and cleaned up', async ({ skip }) => {
    skip(occupied, 'the cluster already has a Tuneyard');
    const name = cluster.namespace;
    const quotas = [{ flavor: flavorOf(name), nominal: 2 }];
    await cluster.client.create(QUEUES, queueObject(name, 2, { quotas }));
    try {
      const made = jobObject('conformance', { queueName: name, template: { tolerations: TOLERATIONS } });
      await cluster.client.create(JOBS, {
        ...made,
        metadata: { ...made.metadata, namespace: cluster.namespace },
      });
      const bound = await until(
        'both pods are placed',
        async () => {
          const found = (await pods()).filter(({ spec }) => spec.nodeName !== undefined);
          return found.length === 2 ? found : undefined;
        },
        PATIENCE_MS,
      );
      expect(new Set(bound.map(({ spec }) => spec.nodeName)).size).toBe(1);
      for (const pod of bound) workers.push(await speakFor(cluster.client, pod));
      await until(
        'both are welcome',
        async () => workers.every((worker) => worker.has('welcome')),
        PATIENCE_MS,
      );
      for (const worker of workers) worker.ready();
      await inPhase('Training');
      for (const worker of workers)
        worker.finish({
          artifacts: [{ format: 'peft', uri: 'file:///out/adapter', digest: 'sha256:00', bytes: 42 }],
        });
      const done = await inPhase('Complete');
      expect(done.status?.artifacts?.[0]?.uri).toBe('file:///out/adapter');
      await cluster.client.delete(JOBS, { name: 'conformance', namespace: cluster.namespace });
      await until('nothing is left', async () => (await pods()).length === 0, PATIENCE_MS);
    } finally {
      await cluster.client.delete(QUEUES, { name });
    }
  });
});
