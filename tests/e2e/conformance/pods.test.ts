import type { KubeObject } from '@tuneyard/controller/kube';
import { isNotFound, LeaderElection, LEASES } from '@tuneyard/controller/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../controller/cluster.js';
import { NODES, PODS, SECRETS } from '../controller/kinds.js';
import type { TestCluster } from './test-cluster.js';
import { PATIENCE_MS, onNode, startTestCluster } from './test-cluster.js';

interface Pod extends KubeObject {
  readonly spec: { readonly nodeName?: string; readonly priority?: number };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly qosClass?: string;
    readonly conditions?: readonly { readonly type: string; readonly reason?: string }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly state: { readonly terminated?: { readonly exitCode: number; readonly reason?: string } };
    }[];
  };
}

let cluster: TestCluster;
let node: string;
beforeAll(async () => {
  cluster = await startTestCluster();
  node = await cluster.startNode(2);
});
afterAll(() => cluster.close());

const ref = (name: string) => ({ name, namespace: cluster.namespace });
const run = (name: string, script: string, container: object = {}, spec: object = {}) =>
  cluster.client.create<Pod>(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: cluster.namespace },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      ...onNode(node),
      containers: [{ name: 'main', image: 'tuneyard/trainer', command: ['sh', '-c', script], ...container }],
      ...spec,
    },
  } as Pod);
const pod = (name: string) => cluster.client.get<Pod>(PODS, ref(name));
const inPhase = (name: string, phase: string) =>
  until(
    `${name} is ${phase}`,
    async () => {
      const found = await pod(name);
      return found.status?.phase === phase ? found : undefined;
    },
    PATIENCE_MS,
  );
const gone = (name: string) =>
  until(
    `${name} is gone`,
    async () =>
      pod(name).then(
        () => false,
        (error: unknown) => isNotFound(error),
      ),
    PATIENCE_MS,
  );

describe('a pod on a simulated node', () => {
  it('gets its secret and its place, and tells how it ended', async () => {
    await cluster.client.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: ref('s'),
      stringData: { token: 'open sesame' },
    } as KubeObject);
    const env = [
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'token' } } },
      { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ];
    const resources = { limits: { 'nvidia.com/gpu': '1' } };
    await run('ends', 'test "$TOKEN $NAME" = "open sesame ends" && exit 3', { env, resources });
    const ended = await inPhase('ends', 'Failed');
    expect(ended.spec.nodeName).toBe(node);
    expect(ended.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 0,
      state: { terminated: { exitCode: 3, reason: 'Error' } },
    });
  });

  it('waits while the node has too few GPUs, and says so', async () => {
    await run('big', 'true', { resources: { limits: { 'nvidia.com/gpu': '3' } } });
    const waiting = await until(
      'big says why it waits',
      async () => {
        const found = await pod('big');
        return found.status?.conditions?.some(({ reason }) => reason === 'Unschedulable') ? found : undefined;
      },
      PATIENCE_MS,
    );
    expect(waiting.spec.nodeName).toBeUndefined();
    await cluster.client.delete(PODS, ref('big'));
    await gone('big');
  });

  it('ends when it is deleted, and when it is evicted', async () => {
    for (const name of ['deleted', 'evicted']) {
      await run(name, 'while true; do sleep 0.1; done');
      await inPhase(name, 'Running');
      if (name === 'deleted') await cluster.client.delete(PODS, ref(name));
      else
        await cluster.client.create(
          PODS,
          { apiVersion: 'policy/v1', kind: 'Eviction', metadata: ref(name) },
          { subresource: 'eviction' },
        );
      await gone(name);
    }
  });

  it('is evicted by a taint that it does not tolerate', async () => {
    await run('driven-out', 'while true; do sleep 0.1; done');
    await inPhase('driven-out', 'Running');
    const before = await cluster.client.get<KubeObject & { readonly spec: { readonly taints?: object[] } }>(
      NODES,
      { name: node },
    );
    const taint = { key: 'conformance.tuneyard.dev/out', effect: 'NoExecute' };
    await cluster.client.mergePatch(
      NODES,
      { name: node },
      { spec: { taints: [...(before.spec.taints ?? []), taint] } },
    );
    await gone('driven-out');
    await cluster.client.mergePatch(NODES, { name: node }, { spec: { taints: before.spec.taints ?? [] } });
  });

  it('has the priority of its class', async () => {
    const classes = {
      group: 'scheduling.k8s.io',
      version: 'v1',
      plural: 'priorityclasses',
      kind: 'PriorityClass',
      namespaced: false,
    };
    const name = cluster.namespace;
    await cluster.client.create(classes, {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name },
      value: 4200,
    } as KubeObject);
    try {
      const made = await run('important', 'true', {}, { priorityClassName: name });
      expect(made.spec.priority).toBe(4200);
      await expect(run('unknown', 'true', {}, { priorityClassName: `${name}-none` })).rejects.toThrow(
        `no PriorityClass with name ${name}-none was found`,
      );
    } finally {
      await cluster.client.delete(classes, { name });
    }
  });
});

describe('a lease', () => {
  it('has one holder at a time and is handed over at once', async () => {
    const election = (identity: string) =>
      new LeaderElection(cluster.client, {
        namespace: cluster.namespace,
        name: 'leader',
        identity,
        retryPeriodMs: 500,
      });
    const [first, second] = [election('first'), election('second')];
    expect(await first.acquire()).toBe(true);
    const held = first.hold();
    let taken = false;
    const taking = second.acquire().then((got) => (taken = got));
    await until('the lease names the first', async () => {
      const lease = await cluster.client.get<KubeObject & { readonly spec?: { holderIdentity?: string } }>(
        LEASES,
        ref('leader'),
      );
      return lease.spec?.holderIdentity === 'first';
    });
    expect(taken).toBe(false);
    first.stop();
    expect(await held).toBe('stopped');
    const released = performance.now();
    await first.release();
    await taking;
    expect(taken).toBe(true);
    expect(performance.now() - released).toBeLessThan(2000);
    second.stop();
    await second.release();
  });
});
