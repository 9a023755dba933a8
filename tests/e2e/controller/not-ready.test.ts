import type { FineTuneJob } from '@tuneyard/controller/api';
import type { KubeObject } from '@tuneyard/controller/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobObject, queueObject, startCluster, startControllerProcess, until } from './cluster.js';
import type { Cluster, ControllerProcess } from './cluster.js';
import { EVENTS, JOBS, NODES, PODS, POLICIES, POLICY_BINDINGS, QUEUES, QUOTAS } from './kinds.js';
import { reportPod } from './kubelet.js';

let cluster: Cluster;
let controller: ControllerProcess;
beforeAll(async () => {
  cluster = await startCluster();
  for (const name of ['n1', 'n2']) await cluster.addNode(name, 1);
  controller = await startControllerProcess(cluster.kubeconfig);
  await cluster.client.create(QUEUES, queueObject('team', 2));
});
afterAll(async () => {
  await controller.stop();
  await cluster.close();
});

interface Pod extends KubeObject {
  readonly spec?: { readonly nodeName?: string };
}
const ref = (name: string) => ({ name, namespace: 'default' });
const submit = (name: string, spec: object = {}) =>
  cluster.client.create(JOBS, jobObject(name, { workers: { min: 1, max: 1 }, ...spec }));
const readinessOf = ({ status }: FineTuneJob) =>
  status?.conditions?.find(({ type }) => type === 'WorkersReady');
const jobWhen = (name: string, what: string, holds: (job: FineTuneJob) => boolean) =>
  until(
    `${name} ${what}`,
    async () => {
      const job = await cluster.client.get<FineTuneJob>(JOBS, ref(name));
      return holds(job) ? job : undefined;
    },
    40_000,
  );
const podOn = (name: string, holds: (node: string) => boolean) =>
  until(
    `${name} is bound`,
    async () => {
      const { items } = await cluster.client.list<Pod>(PODS, { namespace: 'default' });
      const node = items.find(({ metadata }) => metadata.name === name)?.spec?.nodeName ?? '';
      return node !== '' && holds(node) ? node : undefined;
    },
    40_000,
  );
const remove = (name: string) => cluster.client.delete(JOBS, ref(name));

describe('a worker that does not come up', () => {
  it('is told of in the words of its container', async () => {
    await submit('secret');
    await podOn('secret-worker-0', () => true);
    const waiting = { reason: 'CreateContainerConfigError', message: 'secret "absent" not found' };
    const container = { name: 'trainer', image: 't', imageID: '', ready: false, restartCount: 0 };
    const status = { phase: 'Pending', containerStatuses: [{ ...container, state: { waiting } }] };
    await cluster.client.mergePatch(PODS, ref('secret-worker-0'), { status }, { subresource: 'status' });
    const job = await jobWhen(
      'secret',
      'says so',
      (found) => readinessOf(found)?.reason === 'WorkerNotStarting',
    );
    expect(readinessOf(job)?.message).toBe(
      '0 of 1 worker is ready; worker 0: CreateContainerConfigError: secret "absent" not found',
    );
    await remove('secret');
  });

  it('is told of in the words of the agent of its node, which only events have', async () => {
    await submit('volume');
    const node = await podOn('volume-worker-0', () => true);
    const { metadata } = await cluster.client.get<Pod>(PODS, ref('volume-worker-0'));
    const message = 'MountVolume.SetUp failed for volume "v" : configmap "absent" not found';
    await cluster.client.create(EVENTS, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: ref('volume-worker-0.1'),
      involvedObject: { apiVersion: 'v1', kind: 'Pod', ...ref('volume-worker-0'), uid: metadata.uid },
      type: 'Warning',
      reason: 'FailedMount',
      message,
      source: { component: 'kubelet', host: node },
      lastTimestamp: new Date().toISOString(),
    } as KubeObject);
    const job = await jobWhen(
      'volume',
      'says so',
      (found) => readinessOf(found)?.message?.includes('FailedMount') === true,
    );
    expect(readinessOf(job)).toMatchObject({
      reason: 'WorkerNotStarting',
      message: `0 of 1 worker is ready; worker 0: FailedMount: ${message}`,
    });
    await remove('volume');
  }, 60_000);

  it('goes to another node when its own has a taint that it does not tolerate', async () => {
    await submit('tainted');
    const before = await podOn('tainted-worker-0', () => true);
    await reportPod(cluster.client, ref('tainted-worker-0'), 'Running');
    const taints = [{ key: 'example.com/disrupted', effect: 'NoSchedule' }];
    await cluster.client.mergePatch(NODES, { name: before }, { spec: { taints } });
    await cluster.client.delete(PODS, ref('tainted-worker-0'));
    expect(await podOn('tainted-worker-0', (node) => node !== before)).not.toBe(before);
    await cluster.client.mergePatch(NODES, { name: before }, { spec: { taints: null } });
    await remove('tainted');
  }, 60_000);

  it('leaves a pod of somebody else with its name alone, and comes up once that is gone', async () => {
    const foreign = { apiVersion: 'v1', kind: 'Pod', metadata: ref('named-worker-0') };
    await cluster.client.create(PODS, {
      ...foreign,
      spec: { containers: [{ name: 'c', image: 'c' }] },
    } as KubeObject);
    await submit('named');
    await jobWhen('named', 'says so', (found) => readinessOf(found)?.reason === 'WorkerNameTaken');
    await cluster.client.delete(PODS, ref('named-worker-0'));
    await until(
      'its own is there',
      async () => {
        const { items } = await cluster.client.list<KubeObject>(PODS, { namespace: 'default' });
        return items.some(
          ({ metadata }) => metadata.name === 'named-worker-0' && metadata.ownerReferences !== undefined,
        );
      },
      20_000,
    );
    await remove('named');
  }, 60_000);

  it.each([
    [
      'formless',
      { volumes: [{ name: 'Not A Name', emptyDir: {} }] },
      /^spec\.podTemplate\.spec\.volumes\[0\]\.name: /,
    ],
    [
      'scarce',
      { containers: [{ name: 'trainer', resources: { limits: { memory: '64Mi' } } }] },
      /^spec\.podTemplate\.spec\.containers\[0\]\.resources\.limits\.memory is 64Mi, less than /,
    ],
  ])('is never made of a template that can be no pod: %s', async (name, spec, message) => {
    await submit(name, { podTemplate: { spec } });
    const job = await jobWhen(name, 'says so', ({ status }) => status?.phase === 'Unschedulable');
    expect(job.status?.queue).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringMatching(message) as string,
    });
    expect(job.status?.placement).toBeUndefined();
    await remove(name);
  });

  it('ends its job when the API server takes no pod of its template', async () => {
    const policy = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: 'no-pod' } };
    await cluster.client.create(POLICIES, {
      ...policy,
      kind: 'ValidatingAdmissionPolicy',
      spec: {
        matchConstraints: {
          resourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
          ],
        },
        validations: [{ expression: 'object.metadata.name != "hopeless-worker-0"', message: 'no such pod' }],
      },
    } as KubeObject);
    await cluster.client.create(POLICY_BINDINGS, {
      ...policy,
      kind: 'ValidatingAdmissionPolicyBinding',
      spec: { policyName: 'no-pod', validationActions: ['Deny'] },
    } as KubeObject);
    await submit('hopeless');
    const job = await jobWhen('hopeless', 'has failed', ({ status }) => status?.phase === 'Failed');
    const failed = job.status?.conditions?.find(({ type }) => type === 'Failed');
    expect(failed).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringContaining('no such pod') as string,
    });
    await remove('hopeless');
    await cluster.client.delete(POLICY_BINDINGS, { name: 'no-pod' });
    await cluster.client.delete(POLICIES, { name: 'no-pod' });
  }, 60_000);

  it('gives all GPUs of its gang back when a quota refuses it, and says why', async () => {
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: ref('g') };
    await cluster.client.create(QUOTAS, {
      ...quota,
      spec: { hard: { 'requests.nvidia.com/gpu': '1' } },
    } as KubeObject);
    await submit('greedy', { workers: { min: 2, max: 2 } });
    const told = await jobWhen(
      'greedy',
      'says so',
      (found) => readinessOf(found)?.reason === 'WorkerRefused',
    );
    expect(readinessOf(told)?.message).toContain('exceeded quota: g');
    const back = await jobWhen('greedy', 'is queued', ({ status }) => status?.queue?.reason === 'BackingOff');
    expect(back.status?.queue?.message).toContain('exceeded quota: g');
    expect(back.status?.placement).toBeUndefined();
    await remove('greedy');
    await cluster.client.delete(QUOTAS, ref('g'));
  }, 60_000);
});
