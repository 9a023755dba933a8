import type { FineTuneJob } from '@tuneyard/controller/api';
import type { KubeObject } from '@tuneyard/controller/kube';
import { isNotFound } from '@tuneyard/controller/kube';
import { Finished_Outcome } from '@tuneyard/proto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster, ControllerProcess } from './cluster.js';
import { jobObject, queueObject, startCluster, startControllerProcess, until } from './cluster.js';
import { EVENTS, JOBS, PODS, QUEUES, SECRETS } from './kinds.js';
import { speakFor, type FakeWorker } from './fake-worker.js';
import { reportPod } from './kubelet.js';

interface Pod extends KubeObject {
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly {
      readonly env: readonly { readonly name: string; readonly value?: string }[];
      readonly resources: { readonly limits: Record<string, string> };
    }[];
  };
}

let cluster: Cluster;
let controller: ControllerProcess;
const workers: FakeWorker[] = [];

beforeAll(async () => {
  cluster = await startCluster();
  await cluster.addNode('gpu-0', 2);
  await cluster.addNode('gpu-1', 2);
  controller = await startControllerProcess(cluster.kubeconfig);
  await cluster.client.create(QUEUES, queueObject('team', 4));
});

afterEach(async () => {
  for (const worker of workers.splice(0)) worker.close();
  for (const job of (await cluster.client.list(JOBS)).items) await cluster.client.delete(JOBS, job.metadata);
  await until('no pods are left', async () => (await cluster.client.list(PODS)).items.length === 0);
});

afterAll(async () => {
  await controller.stop();
  await cluster.close();
});

const job = (name: string) => cluster.client.get<FineTuneJob>(JOBS, { name, namespace: 'default' });
const podsOf = async (name: string) =>
  (await cluster.client.list<Pod>(PODS, { namespace: 'default', labelSelector: `tuneyard.dev/job=${name}` }))
    .items;
const inPhase = (name: string, phase: string) =>
  until(`${name} is ${phase}`, async () => {
    const found = await job(name);
    return found.status?.phase === phase ? found : undefined;
  });
const boundPods = (name: string, count: number) =>
  until(`${count} bound pods of ${name}`, async () => {
    const pods = (await podsOf(name)).filter(({ spec }) => spec.nodeName !== undefined);
    return pods.length === count ? pods : undefined;
  });

/** Starts a fake worker for every pod of the job. */
async function startWorkers(name: string): Promise<FakeWorker[]> {
  const pods = await podsOf(name);
  const started = await Promise.all(pods.map((pod) => speakFor(cluster.client, pod)));
  workers.push(...started);
  for (const pod of pods) await reportPod(cluster.client, pod.metadata, 'Running');
  return started;
}

async function train(name: string): Promise<FakeWorker[]> {
  await boundPods(name, 2);
  const started = await startWorkers(name);
  await until('both are welcome', async () => started.every((worker) => worker.has('welcome')));
  for (const worker of started) worker.ready();
  await inPhase(name, 'Training');
  return started;
}

describe('a job', () => {
  it('is queued, admitted, bound to nodes, trained, and complete with its result in the status', async () => {
    await cluster.client.create(JOBS, jobObject('first'));
    const pods = await boundPods('first', 2);
    expect(pods.map((pod) => pod.metadata.name).sort()).toEqual(['first-worker-0', 'first-worker-1']);
    expect(new Set(pods.map((pod) => pod.spec.nodeName)).size).toBe(1);
    expect(pods[0]?.spec.containers[0]?.resources.limits['nvidia.com/gpu']).toBe('1');

    const started = await startWorkers('first');
    await until('both are welcome', async () => started.every((worker) => worker.has('welcome')));
    expect(started[0]?.config?.method?.lora?.rank).toBe(16);
    expect((await job('first')).status?.phase).toBe('Starting');
    for (const worker of started) worker.ready();
    await inPhase('first', 'Training');
    started[0]?.progress(5, 1.25);
    const halfway = await until('progress is shown', async () => {
      const found = await job('first');
      return found.status?.progress?.step === 5 ? found : undefined;
    });
    expect(halfway.status?.progress).toMatchObject({ step: 5, totalSteps: 10, trainLoss: 1.25 });
    expect(halfway.status?.workers).toMatchObject({ desired: 2, ready: 2 });

    for (const worker of started) {
      worker.finish({
        artifacts: [{ format: 'peft', uri: 'file:///out/adapter', digest: 'sha256:00', bytes: 42 }],
        metrics: [{ name: 'exactMatch', base: 0, tuned: 0.95, examples: 40 }],
      });
    }
    const done = await inPhase('first', 'Complete');
    expect(done.status?.artifacts).toEqual([
      { format: 'peft', uri: 'file:///out/adapter', digest: 'sha256:00', bytes: 42 },
    ]);
    expect(done.status?.evaluation).toEqual([{ metric: 'exactMatch', base: 0, tuned: 0.95, examples: 40 }]);
    for (const pod of pods) await reportPod(cluster.client, pod.metadata, 'Succeeded');

    const reasons = (
      await cluster.client.list<KubeObject & { reason: string }>(EVENTS, { namespace: 'default' })
    ).items.map(({ reason }) => reason);
    expect(reasons).toEqual(expect.arrayContaining(['Admitted', 'Training', 'Complete']));
  });

  it('waits with a position and a precise reason while the quota is used, and starts when it is free', async () => {
    for (const name of ['line-1', 'line-2', 'line-3']) await cluster.client.create(JOBS, jobObject(name));
    await boundPods('line-1', 2);
    await boundPods('line-2', 2);
    const waiting = await until('line-3 says why it waits', async () => {
      const found = await job('line-3');
      return found.status?.queue === undefined ? undefined : found;
    });
    expect(waiting.status?.queue).toMatchObject({ position: 1, ahead: 0, reason: 'WaitingForQuota' });
    expect(waiting.status?.queue?.message).toBe(
      'needs 2 H100 (2 workers of 1), but queue team may use 0 more: 4 in use of 4 nominal; 2 short',
    );
    await cluster.client.delete(JOBS, { name: 'line-1', namespace: 'default' });
    await boundPods('line-3', 2);
    expect((await job('line-3')).status?.queue).toBeUndefined();
  });

  it('that can never start says so at once', async () => {
    await cluster.client.create(JOBS, jobObject('huge', { workers: { min: 5, max: 5 } }));
    const huge = await inPhase('huge', 'Unschedulable');
    expect(huge.status?.queue?.message).toContain('may never use more than 4');
    await cluster.client.create(JOBS, jobObject('lost', { queueName: 'nobody' }));
    expect((await inPhase('lost', 'Unschedulable')).status?.queue?.reason).toBe('QueueNotFound');
  });

  it('replaces one failed worker while the other goes on, and counts it', async () => {
    await cluster.client.create(JOBS, jobObject('shaky'));
    await train('shaky');
    const [survivor, failed] = await podsOf('shaky');
    await reportPod(cluster.client, failed!.metadata, 'Failed', 137);
    await until('the worker is replaced', async () => {
      const pods = await podsOf('shaky');
      return pods.length === 2 && pods.every((pod) => pod.metadata.uid !== failed!.metadata.uid);
    });
    expect((await podsOf('shaky')).some((pod) => pod.metadata.uid === survivor!.metadata.uid)).toBe(true);
    expect((await job('shaky')).status).toMatchObject({
      restarts: 1,
      lastFailure: { reason: 'Infrastructure' },
    });
  });

  it('names a worker that computed wrong bits, tells it to end, and replaces it', async () => {
    await cluster.client.create(JOBS, jobObject('shifty'));
    const [sound, flawed] = await train('shifty');
    const pod = (await podsOf('shifty')).find(({ metadata }) => metadata.name === flawed!.memberId);
    const reason = `the gradient of micro-batch 3 as computed by ${flawed!.memberId} has wrong bits`;
    sound!.say({
      $case: 'peerFailure',
      value: { generation: 1, memberId: flawed!.memberId, reason, wrongBits: true },
    });
    await until('the worker is told', async () => flawed!.has('expelled'));
    expect(sound!.has('expelled')).toBe(false);
    flawed!.finish({ outcome: Finished_Outcome.OUTCOME_FAILED, reason: 'Infrastructure', message: reason });
    await reportPod(cluster.client, pod!.metadata, 'Failed', 1);
    await until('its pod is replaced', async () => {
      const pods = await podsOf('shifty');
      return pods.length === 2 && pods.every(({ metadata }) => metadata.uid !== pod!.metadata.uid);
    });
    expect((await job('shifty')).status).toMatchObject({ restarts: 1 });
    const said = await until('an event says so', async () => {
      const events = await cluster.client.list<KubeObject & { reason: string; message: string }>(EVENTS, {
        namespace: 'default',
      });
      return events.items.find((event) => event.reason === 'WorkerExpelled');
    });
    expect(said.message).toBe(`${flawed!.memberId} has to be replaced: ${reason}`);
    const metrics = await (await fetch(`${controller.metricsUrl}/metrics`)).text();
    expect(metrics).toContain('tuneyard_workers_expelled_total{queue="team",cause="wrong-bits"} 1');
  });

  it('fails without another try when the user has to change something', async () => {
    await cluster.client.create(JOBS, jobObject('wrong'));
    const [worker] = await train('wrong');
    worker?.finish({
      outcome: Finished_Outcome.OUTCOME_FAILED,
      reason: 'DataError',
      message: 'train.jsonl:3: no "output"',
    });
    const failed = await inPhase('wrong', 'Failed');
    expect(failed.status?.conditions?.find(({ type }) => type === 'Failed')).toMatchObject({
      reason: 'DataError',
      message: 'train.jsonl:3: no "output"',
    });
    await until('its pods are gone', async () => (await podsOf('wrong')).length === 0);
  });

  it('gives its GPUs back after a checkpoint when suspended, and starts again when resumed', async () => {
    await cluster.client.create(JOBS, jobObject('pause'));
    const started = await train('pause');
    await cluster.client.mergePatch(
      JOBS,
      { name: 'pause', namespace: 'default' },
      { spec: { suspend: true } },
    );
    await until('the workers are told to stop', async () => started.every((worker) => worker.has('stop')));
    expect((await job('pause')).status?.phase).toBe('Checkpointing');
    started[0]?.say({
      $case: 'checkpointDone',
      value: { step: 4, uri: 'file:///out/checkpoints/4', digest: 'sha256:11', bytes: 1, seconds: 0.1 },
    });
    for (const pod of await podsOf('pause')) await reportPod(cluster.client, pod.metadata, 'Succeeded');
    const suspended = await inPhase('pause', 'Suspended');
    expect(suspended.status).toMatchObject({ checkpoint: { step: 4 } });
    expect(suspended.status?.placement).toBeUndefined();
    await until('its pods are gone', async () => (await podsOf('pause')).length === 0);
    await cluster.client.mergePatch(
      JOBS,
      { name: 'pause', namespace: 'default' },
      { spec: { suspend: false } },
    );
    await boundPods('pause', 2);
    expect((await job('pause')).status?.phase).toBe('Starting');
  });

  it('gives its GPUs back after a checkpoint when its queue is drained, and starts again when the queue opens', async () => {
    const setStopPolicy = (stopPolicy: string) =>
      cluster.client.mergePatch(QUEUES, { name: 'team' }, { spec: { stopPolicy } });
    await cluster.client.create(JOBS, jobObject('drained'));
    const started = await train('drained');
    await setStopPolicy('holdAndDrain');
    await until('the workers are told to stop', async () => started.every((worker) => worker.has('stop')));
    started[0]?.say({
      $case: 'checkpointDone',
      value: { step: 4, uri: 'file:///out/checkpoints/4', digest: 'sha256:11', bytes: 1, seconds: 0.1 },
    });
    for (const pod of await podsOf('drained')) await reportPod(cluster.client, pod.metadata, 'Succeeded');
    const waiting = await until('it waits', async () => {
      const found = await job('drained');
      return found.status?.queue?.reason === 'QueueStopped' ? found : undefined;
    });
    expect(waiting.status).toMatchObject({ checkpoint: { step: 4 }, evictions: 1 });
    expect(waiting.status?.queue?.message).toContain('team is stopped');
    await until('its pods are gone', async () => (await podsOf('drained')).length === 0);
    await setStopPolicy('none');
    await boundPods('drained', 2);
  });

  it('leaves nothing when it is deleted', async () => {
    await cluster.client.create(JOBS, jobObject('brief'));
    const started = await train('brief');
    await cluster.client.delete(JOBS, { name: 'brief', namespace: 'default' });
    await until('pods, secret and sessions are gone', async () => {
      const secret = await cluster.client
        .get(SECRETS, { name: 'brief-identity-0', namespace: 'default' })
        .catch((error: unknown) => {
          if (isNotFound(error)) return undefined;
          throw error;
        });
      return (
        (await podsOf('brief')).length === 0 &&
        secret === undefined &&
        started.every((worker) => worker.ended)
      );
    });
  });

  it('has its status written once for every turn of its life', async () => {
    const before = await statusWrites();
    await cluster.client.create(JOBS, jobObject('frugal'));
    const started = await train('frugal');
    for (let step = 1; step <= 9; step++) started[0]?.progress(step, 1 / step);
    for (const worker of started) worker.finish();
    await inPhase('frugal', 'Complete');
    // Admitted, the first worker ready, all ready, training, progress, complete; some may fall together.
    const writes = (await statusWrites()) - before;
    expect(writes).toBeGreaterThanOrEqual(3);
    expect(writes).toBeLessThanOrEqual(7);
  });

  it('writes nothing when nothing changes', async () => {
    await cluster.client.create(JOBS, jobObject('still'));
    await train('still');
    const settled = await until('the version stands still', async () => {
      const before = (await job('still')).metadata.resourceVersion;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return (await job('still')).metadata.resourceVersion === before ? before : undefined;
    });
    const before = await statusWrites();
    // An event on each pod makes the controller look again.
    for (const pod of await podsOf('still')) {
      await cluster.client.mergePatch(PODS, pod.metadata, { metadata: { annotations: { touched: 'yes' } } });
    }
    await cluster.client.mergePatch(
      QUEUES,
      { name: 'team' },
      { metadata: { annotations: { touched: 'yes' } } },
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await job('still')).metadata.resourceVersion).toBe(settled);
    expect(await statusWrites()).toBe(before);
  });
});

describe('the queue', () => {
  it('shows its use', async () => {
    await cluster.client.create(JOBS, jobObject('user'));
    await boundPods('user', 2);
    await until('the queue shows 2 of 4', async () => {
      const queue = await cluster.client.get<
        KubeObject & { status?: { summary?: string; admittedJobs?: number } }
      >(QUEUES, { name: 'team' });
      return queue.status?.summary === 'H100 2/4' && queue.status.admittedJobs === 1;
    });
  });
});

describe('the CRD', () => {
  it.each([
    ['two ways to say how long', { training: { epochs: 1, steps: 1 } }, 'give epochs or steps, not both'],
    [
      'a block of another method',
      { method: { type: 'prompt', lora: { rank: 4 } } },
      'method.lora is only for type',
    ],
    [
      'a micro-batch that does not divide',
      { training: { batchSize: 10, microBatchSize: 4 } },
      'microBatchSize must divide batchSize',
    ],
    [
      'shares that do not sum to 1',
      { dataset: { sources: [{ uri: 'file:///d' }], split: { train: 0.5, validation: 0.1, test: 0.1 } } },
      'must sum to 1',
    ],
    ['a rank of 0', { method: { type: 'lora', lora: { rank: 0 } } }, 'spec.method.lora.rank'],
  ])('refuses %s at apply', async (_what, spec, message) => {
    await expect(cluster.client.create(JOBS, jobObject('refused', spec))).rejects.toThrow(message);
  });

  it('keeps queueName while the job is admitted', async () => {
    await cluster.client.create(JOBS, jobObject('fixed'));
    await boundPods('fixed', 2);
    await expect(
      cluster.client.mergePatch(
        JOBS,
        { name: 'fixed', namespace: 'default' },
        { spec: { queueName: 'other' } },
      ),
    ).rejects.toThrow('immutable while the job is admitted');
  });
});

describe('the program', () => {
  it('says in one sentence why it cannot start', async () => {
    const bare = await startCluster({ crds: false });
    await expect(startControllerProcess(bare.kubeconfig)).rejects.toThrow(
      /ended with 2: tuneyard-controller: .*install the CRDs/,
    );
    await bare.close();
    await expect(startControllerProcess(bare.kubeconfig)).rejects.toThrow(
      /ended with 2: tuneyard-controller: the Kubernetes API server at .* cannot be reached/,
    );
    await expect(startControllerProcess('/nowhere/kubeconfig')).rejects.toThrow(
      /ended with 2: tuneyard-controller: there is no kubeconfig \/nowhere\/kubeconfig: name one/,
    );
    const port = new URL(controller.metricsUrl).host;
    await expect(startControllerProcess(cluster.kubeconfig, ['--metrics-address', port])).rejects.toThrow(
      /ended with 2: [^]*is in use/,
    );
    await expect(startControllerProcess(cluster.kubeconfig, ['--coordinator-address', port])).rejects.toThrow(
      /ended with 2: [^]*--coordinator-address/,
    );
  });

  it('serves health and metrics', async () => {
    expect((await fetch(`${controller.metricsUrl}/readyz`)).status).toBe(200);
    const text = await (await fetch(`${controller.metricsUrl}/metrics`)).text();
    for (const name of ['tuneyard_admissions_total', 'tuneyard_scheduling_cycle_seconds', 'workqueue_depth'])
      expect(text).toContain(name);
    // No token of a job may appear anywhere.
    expect(controller.logs.join('\n')).not.toContain('token');
  });
});

async function statusWrites(): Promise<number> {
  const text = await (await fetch(`${controller.metricsUrl}/metrics`)).text();
  return Number(/^tuneyard_status_writes_total (\d+)/m.exec(text)?.[1]);
}
