import type { KubeObject } from '@tuneyard/controller/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tuneyard } from '../support/run-command.js';
import { until } from './controller/cluster.js';
import { PODS } from './controller/kinds.js';
import { startTrainingCluster, type TrainingCluster } from './training-cluster.js';

interface Pod extends KubeObject {
  readonly spec?: { readonly terminationGracePeriodSeconds?: number };
  readonly status?: {
    readonly containerStatuses?: readonly {
      readonly state?: { readonly terminated?: { readonly exitCode: number } };
    }[];
  };
}

let cluster: TrainingCluster;
beforeAll(async () => {
  cluster = await startTrainingCluster();
});
afterAll(() => cluster.close());

const STEPS = 150;
const GRACE_SECONDS = 50;

/** Exit codes of every container that ends, as the API server is told, by uid of the pod. */
function watchExits(): { readonly codes: ReadonlyMap<string, number>; stop(): void } {
  const codes = new Map<string, number>();
  const end = new AbortController();
  const options = {
    namespace: 'default',
    resourceVersion: '0',
    timeoutSeconds: 300,
    stallMs: 300_000,
    signal: end.signal,
  };
  void cluster.client
    .watch<Pod>(PODS, options, ({ object }) => {
      const [container] = object.status?.containerStatuses ?? [];
      const code = container?.state?.terminated?.exitCode;
      if (code !== undefined) codes.set(object.metadata.uid ?? '', code);
    })
    .catch(() => undefined);
  return { codes, stop: () => end.abort() };
}

describe('a pod that is deleted while it trains', () => {
  it('writes a checkpoint, says so and ends with 0 in its grace period; its successor goes on from there', async () => {
    const exits = watchExits();
    await cluster.submit('ended', {
      training: { steps: STEPS, batchSize: 4, microBatchSize: 1 },
      workers: { min: 1, max: 1 },
      runPolicy: { preemption: { checkpointGraceSeconds: GRACE_SECONDS } },
    });
    const before = await cluster.jobWhen(
      'ended',
      'trains',
      ({ status }) => (status?.progress?.step ?? 0) >= 5,
    );
    expect(before.status?.checkpoint).toBeUndefined();
    const pod = await cluster.client.get<Pod>(PODS, { name: 'ended-worker-0', namespace: 'default' });
    expect(pod.spec?.terminationGracePeriodSeconds).toBe(GRACE_SECONDS);
    const told = Date.now();
    await cluster.client.delete(PODS, pod.metadata);
    const code = await until(
      'it ended',
      async () => exits.codes.get(pod.metadata.uid ?? ''),
      GRACE_SECONDS * 1000,
    );
    expect(Date.now() - told).toBeLessThan(GRACE_SECONDS * 1000);
    expect(code).toBe(0);

    const saved = await cluster.jobWhen(
      'ended',
      'has its checkpoint',
      ({ status }) => status?.checkpoint !== undefined,
    );
    const step = saved.status?.checkpoint?.step ?? 0;
    expect(step).toBeGreaterThanOrEqual(5);
    expect(step).toBeLessThan(STEPS);
    const done = await cluster.jobWhen('ended', 'is complete', ({ status }) => status?.phase === 'Complete');
    exits.stop();
    // Nothing failed, and nothing was trained twice.
    expect(done.status?.restarts ?? 0).toBe(0);
    expect(done.status?.evictions ?? 0).toBe(0);
    expect(done.status?.progress?.step).toBe(STEPS);
    const successor = await cluster.client.get<Pod>(PODS, { name: 'ended-worker-0', namespace: 'default' });
    expect(successor.metadata.uid).not.toBe(pod.metadata.uid);
    const log = await tuneyard('logs', 'ended', '--kubeconfig', cluster.kubeconfig);
    expect(log.stdout).toMatch(new RegExp(`"step":${step},.*resumed`));
  }, 120_000);
});
