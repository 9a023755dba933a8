import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestServer } from '../test-server.js';
import { at, objectsOf } from '../apiserver/json.js';
import { startPodBinder, type PodBinder } from './start-pod-binder.js';

let server: TestServer;
let binder: PodBinder;
beforeEach(async () => {
  server = await TestServer.start();
  binder = await startPodBinder({ kubeconfig: server.plane.kubeconfigPath });
  await server.call('POST', '/api/v1/nodes', {
    metadata: { name: 'gpu-0' },
    status: {
      allocatable: { cpu: '16', memory: '64Gi', 'nvidia.com/gpu': '4' },
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  });
  for (const [name, value] of Object.entries({ low: 10, high: 1000 }))
    await server.call('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name }, value });
});
afterEach(async () => {
  await binder.close();
  await server.close();
});

const PODS = '/api/v1/namespaces/default/pods';
const create = (name: string, gpus: number, spec: object = {}) =>
  server.call('POST', PODS, {
    metadata: { name },
    spec: {
      containers: [
        { name: 'c', image: 'i', resources: { limits: { cpu: '2', 'nvidia.com/gpu': String(gpus) } } },
      ],
      ...spec,
    },
  });
const bound = (name: string) =>
  server.until(`${PODS}/${name}`, ({ body }) => at(body, 'spec', 'nodeName') === 'gpu-0');

it('preempts pods of lower priority, and binds when they are gone', async () => {
  for (const name of ['low-1', 'low-2']) {
    await create(name, 2, { priorityClassName: 'low' });
    await bound(name);
  }
  await create('vip', 2, { priorityClassName: 'high' });
  const nominated = await server.until(
    `${PODS}/vip`,
    ({ body }) => at(body, 'status', 'nominatedNodeName') !== undefined,
  );
  expect(at(nominated.body, 'status', 'nominatedNodeName')).toBe('gpu-0');
  const { body } = await server.get(PODS);
  const leaving = objectsOf(body['items']).filter((pod) => at(pod, 'metadata', 'deletionTimestamp'));
  expect(leaving).toHaveLength(1);
  expect(at(leaving[0], 'status', 'conditions')).toContainEqual(
    expect.objectContaining({ type: 'DisruptionTarget', reason: 'PreemptionByScheduler' }),
  );
  await server.call('DELETE', `${PODS}/${String(at(leaving[0], 'metadata', 'name'))}`, {
    gracePeriodSeconds: 0,
  });
  await bound('vip');
});

it('says in the words of kube-scheduler why a pod fits nowhere', async () => {
  await create('wide', 8);
  const waiting = await server.until(`${PODS}/wide`, ({ body }) =>
    objectsOf(at(body, 'status', 'conditions')).some(({ reason }) => reason === 'Unschedulable'),
  );
  expect(at(waiting.body, 'status', 'conditions')).toMatchObject([
    {
      type: 'PodScheduled',
      status: 'False',
      message:
        '0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    },
  ]);
});
