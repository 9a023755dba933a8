import type { FineTuneJob } from '@tuneyard/controller/api';
import type { KubeObject } from '@tuneyard/controller/kube';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { jobObject, queueObject, startCluster, startControllerProcess, until } from './cluster.js';
import type { Cluster, ControllerProcess } from './cluster.js';
import { JOBS, LIMIT_RANGES, NAMESPACES, NODES, PODS, QUEUES } from './kinds.js';
import { reportPod } from './kubelet.js';

/** Workers that lose their place, or their name, to something that the controller does not decide. Each job has its own. */

const PATIENCE_MS = 60_000;

let cluster: Cluster;
let controller: ControllerProcess;
beforeAll(async () => {
  cluster = await startCluster();
  for (const name of ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7', 'n8']) await cluster.addNode(name, 1);
  controller = await startControllerProcess(cluster.kubeconfig);
  await cluster.client.create(QUEUES, queueObject('team', 8));
});
afterAll(async () => {
  await controller.stop();
  await cluster.close();
});

interface Pod extends KubeObject {
  readonly spec?: { readonly nodeName?: string };
}
const worker = (name: string, namespace = 'default') => ({ name: `${name}-worker-0`, namespace });
const submit = (name: string, namespace = 'default') => {
  const job = jobObject(name, { workers: { min: 1, max: 1 } });
  return cluster.client.create(JOBS, { ...job, metadata: { ...job.metadata, namespace } });
};
const jobWhen = (name: string, what: string, holds: (job: FineTuneJob) => boolean, namespace = 'default') =>
  until(
    `${name} ${what}`,
    async () => {
      const job = await cluster.client.get<FineTuneJob>(JOBS, { name, namespace });
      return holds(job) ? job : undefined;
    },
    PATIENCE_MS,
  );
const readinessOf = ({ status }: FineTuneJob) =>
  status?.conditions?.find(({ type }) => type === 'WorkersReady');
const boundTo = (name: string, holds: (node: string) => boolean, namespace = 'default') =>
  until(
    `${name} is bound`,
    async () => {
      const { items } = await cluster.client.list<Pod>(PODS, { namespace });
      const node = items.find(({ metadata }) => metadata.name === worker(name).name)?.spec?.nodeName ?? '';
      return node !== '' && holds(node) ? node : undefined;
    },
    PATIENCE_MS,
  );
const anywhere = () => true;

describe.concurrent('a worker', () => {
  it('that a NoExecute taint ended goes to another node', async () => {
    await submit('evicted');
    const before = await boundTo('evicted', anywhere);
    await reportPod(cluster.client, worker('evicted'), 'Running');
    const taints = [{ key: 'example.com/maintenance', effect: 'NoExecute' }];
    await cluster.client.mergePatch(NODES, { name: before }, { spec: { taints } });
    await boundTo('evicted', (node) => node !== before);
  });

  it('that a finalizer of somebody else keeps is told of, and comes back once that is gone', async () => {
    await submit('kept');
    await boundTo('kept', anywhere);
    const finalizers = ['example.com/audit'];
    const kept = await cluster.client.mergePatch(PODS, worker('kept'), { metadata: { finalizers } });
    await cluster.client.delete(PODS, worker('kept'), { gracePeriodSeconds: 0 });
    const told =
      'worker 0: pod kept-worker-0 is being deleted and still there, kept by its finalizer example.com/audit';
    await jobWhen('kept', 'says what keeps it', (job) => {
      const { reason, message } = readinessOf(job) ?? {};
      return reason === 'WorkerNameTaken' && message?.endsWith(told) === true;
    });
    await cluster.client.mergePatch(PODS, worker('kept'), { metadata: { finalizers: null } });
    await until(
      'its successor is there',
      async () => {
        const { items } = await cluster.client.list<Pod>(PODS, { namespace: 'default' });
        const pod = items.find(({ metadata }) => metadata.name === 'kept-worker-0');
        return pod !== undefined && pod.metadata.uid !== kept.metadata.uid;
      },
      PATIENCE_MS,
    );
  });

  it('whose place a foreign pod took goes to another node, and the full one is remembered', async () => {
    await submit('displaced');
    const before = await boundTo('displaced', anywhere);
    await cluster.client.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'squatter', namespace: 'default' },
      spec: {
        nodeName: before,
        containers: [{ name: 'c', image: 'c', resources: { limits: { 'nvidia.com/gpu': '1' } } }],
      },
    } as KubeObject);
    await cluster.client.delete(PODS, worker('displaced'));
    await boundTo('displaced', (node) => node !== before);
    await jobWhen('displaced', 'remembers it', ({ status }) =>
      (status?.refusedNodes ?? []).some(
        ({ node, reason }) => node === before && reason.includes('Insufficient nvidia.com/gpu'),
      ),
    );
  });

  it('that asks for more than was planned, by a default of its namespace, is moved and then queued', async () => {
    const namespace = 'tight';
    await cluster.client.create(NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    await cluster.client.create(LIMIT_RANGES, {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'defaults', namespace },
      spec: { limits: [{ type: 'Container', defaultRequest: { 'ephemeral-storage': '10Gi' } }] },
    } as KubeObject);
    await submit('hungry', namespace);
    const shortage = /Insufficient ephemeral-storage/;
    const isShort = (reason = '') => shortage.test(reason);
    await jobWhen('hungry', 'says so', (job) => isShort(readinessOf(job)?.message), namespace);
    const back = ({ status }: FineTuneJob) =>
      status?.queue?.reason === 'BackingOff' &&
      isShort(status.queue.message) &&
      (status.refusedNodes ?? []).length >= 2 &&
      status.placement === undefined;
    await jobWhen('hungry', 'is queued after two nodes', back, namespace);
  });
});
