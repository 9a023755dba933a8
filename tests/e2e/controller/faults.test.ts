import { once } from 'node:events';
import type { FineTuneJob } from '@tuneyard/controller/api';
import type { KubeObject } from '@tuneyard/controller/kube';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster, ControllerProcess } from './cluster.js';
import { jobObject, queueObject, startCluster, startControllerProcess, until } from './cluster.js';
import { JOBS, PODS, QUEUES } from './kinds.js';

type Pod = KubeObject & { readonly spec: { readonly nodeName?: string } };

let cluster: Cluster;
let controller: ControllerProcess | undefined;

beforeEach(async () => {
  cluster = await startCluster();
  await cluster.addNode('gpu-0', 2);
  await cluster.addNode('gpu-1', 2);
  await cluster.client.create(QUEUES, queueObject('team', 4));
});

afterEach(async () => {
  await controller?.stop();
  controller = undefined;
  await cluster.close();
});

const jobs = async () => (await cluster.client.list<FineTuneJob>(JOBS)).items;
const pods = async () => (await cluster.client.list<Pod>(PODS)).items;

/** Two jobs hold all GPUs with exactly their pods, the others wait in order. */
async function settled(names: readonly string[]): Promise<void> {
  await until(
    'two are admitted and the others say why they wait',
    async () => {
      const all = await jobs();
      const running = all.filter(({ status }) => status?.phase === 'Starting');
      const waiting = all.filter(({ status }) => status?.queue?.reason !== undefined);
      const bound = (await pods()).filter(({ spec }) => spec.nodeName !== undefined);
      return running.length === 2 && waiting.length === names.length - 2 && bound.length === 4;
    },
    20_000,
  );
  const placed = (await pods())
    .map(({ metadata, spec }) => `${metadata.name} on ${spec.nodeName}`)
    .sort((a, b) => a.localeCompare(b));
  const planned = (await jobs())
    .flatMap(({ metadata, status }) =>
      (status?.placement?.nodes ?? []).map((node, i) => `${metadata.name}-worker-${i} on ${node}`),
    )
    .sort((a, b) => a.localeCompare(b));
  expect(placed).toEqual(planned);
  for (const node of ['gpu-0', 'gpu-1']) expect(placed.filter((line) => line.endsWith(node))).toHaveLength(2);
}

const NAMES = ['job-1', 'job-2', 'job-3', 'job-4'];

describe('the controller', () => {
  it('gets there through errors of the API server, cut watches and lost history', async () => {
    controller = await startControllerProcess(cluster.kubeconfig);
    for (const [resource, method, code] of [
      ['finetunejobs', 'PATCH', 409],
      ['finetunejobs', 'PATCH', 500],
      ['finetunejobs', 'PATCH', 503],
      ['pods', 'POST', 500],
      ['pods', 'POST', 429],
      ['secrets', 'PATCH', 500],
      ['events', 'POST', 500],
      ['gpuqueues', 'PATCH', 409],
    ] as const) {
      await cluster.disturb('faults', { resource, method, code, count: 3, retryAfterSeconds: 0 });
    }
    await cluster.disturb('faults', { resource: 'finetunejobs', watch: true, code: 410, count: 2 });
    await cluster.disturb('watches/cut');
    await cluster.disturb('compact');
    for (const name of NAMES) {
      await cluster.client.create(JOBS, jobObject(name));
      await cluster.disturb('watches/cut');
    }
    await settled(NAMES);
  });

  it('ends at the same place however often it is killed on the way', async () => {
    for (const [index, name] of NAMES.entries()) {
      controller = await startControllerProcess(cluster.kubeconfig);
      await cluster.client.create(JOBS, jobObject(name));
      // Killed in the middle of what this job causes, each time a little later.
      const events = index * 3;
      await until(
        'it has begun',
        async () =>
          (await jobs()).filter(({ status }) => status !== undefined).length + (await pods()).length >=
          Math.min(events, 4),
      );
      controller.process.kill('SIGKILL');
      await once(controller.process, 'exit');
    }
    controller = await startControllerProcess(cluster.kubeconfig);
    await settled(NAMES);
  });
});
