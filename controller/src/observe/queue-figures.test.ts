import { beforeEach, describe, expect, it } from 'vitest';
import type { FineTuneJob, FineTuneJobStatus, GpuQueue, GpuQueueSpec } from '../api/index.js';
import {
  API_VERSION,
  FINE_TUNE_JOB_KIND,
  JOB_LABEL,
  parseFineTuneJobSpec,
  QUEUE_ANNOTATION,
  resolveSpec,
  WORKER_INDEX_LABEL,
} from '../api/index.js';
import type { KubeObject } from '../kube/index.js';
import { Cache } from '../kube/index.js';
import { FakeClock } from '../kube/fake-clock.js';
import { ControllerMetrics } from './controller-metrics.js';
import type { NodeObject, PodObject } from '../pool/index.js';
import { DEFAULT_POLICY } from '../scheduling/index.js';
import { BY_QUEUE, POD_INDEXERS, type Caches } from '../reconcile/caches.js';
import { SchedulingLoop } from '../reconcile/scheduling-loop.js';

const resolved = new WeakMap<object, ReturnType<typeof resolveSpec>>();
const resolve = ({ spec }: FineTuneJob) => {
  let known = resolved.get(spec);
  if (known === undefined) resolved.set(spec, (known = resolveSpec(spec)));
  return known;
};

/** A controller's scheduling over caches that are filled by hand, and what it tells of its queues. */
class Scheduling {
  readonly clock = new FakeClock();
  readonly metrics = new ControllerMetrics();
  readonly told: string[] = [];
  readonly jobs = new Cache<FineTuneJob>({ [BY_QUEUE]: ({ spec }) => [spec.queueName] });
  readonly queues = new Cache<GpuQueue>();
  readonly nodes = new Cache<NodeObject>();
  readonly pods = new Cache<PodObject>(POD_INDEXERS);
  readonly namespaces = new Cache<KubeObject>();
  readonly loop: SchedulingLoop;

  constructor() {
    const { jobs, queues, nodes, pods, namespaces } = this;
    const caches = {
      jobs: { cache: jobs },
      queues: { cache: queues },
      nodes: { cache: nodes },
      pods: { cache: pods },
      namespaces: { cache: namespaces },
    } as unknown as Caches;
    this.loop = new SchedulingLoop({
      caches,
      clock: this.clock,
      resolve,
      policy: { ...DEFAULT_POLICY, resizeCooldownMs: 0 },
      onVerdict: () => {},
      onFigures: (queue) => this.told.push(queue),
      onCycle: (cycle) => this.metrics.cycle(cycle),
    });
  }

  node(name: string, gpus: number, product = 'NVIDIA-H100-80GB-HBM3'): void {
    const labels = { 'nvidia.com/gpu.product': product };
    this.nodes.put({
      metadata: { name, labels },
      status: { allocatable: { 'nvidia.com/gpu': String(gpus) } },
    });
  }

  queue(name: string, spec: Partial<GpuQueueSpec> = {}): void {
    const quotas = [{ flavor: 'H100', nominal: 4 }];
    const whole = { quotas, weight: 1, stopPolicy: 'none' as const, ...spec };
    this.queues.put({
      apiVersion: API_VERSION,
      kind: 'GpuQueue',
      metadata: { name, uid: name },
      spec: whole,
    });
  }

  job(name: string, more: object = {}, namespace = 'default'): FineTuneJob {
    const spec = parseFineTuneJobSpec({
      queueName: 'q',
      model: { source: 'file:///m' },
      dataset: { sources: [{ uri: 'file:///d' }] },
      output: { uri: 'file:///o' },
      workers: { min: 1, max: 1, gpusPerWorker: 2 },
      ...more,
    });
    const creationTimestamp = new Date(this.clock.now()).toISOString();
    const metadata = { name, namespace, uid: name, generation: 1, creationTimestamp };
    const job = { apiVersion: API_VERSION, kind: FINE_TUNE_JOB_KIND, metadata, spec };
    this.jobs.put(job);
    return job;
  }

  /** Stores the placement of the job, and its pods run there. */
  place(name: string, nodes: readonly string[]): void {
    const job = this.jobs.get(`default/${name}`)!;
    const time = new Date(this.clock.now()).toISOString();
    const status = {
      conditions: [
        { type: 'Admitted', status: 'True', reason: 'Admitted', message: '', lastTransitionTime: time },
      ],
      placement: {
        flavor: 'H100',
        resource: 'nvidia.com/gpu',
        nodes,
        time,
        gpusPerWorker: 2,
        queueName: 'q',
      },
    } as unknown as FineTuneJobStatus;
    this.jobs.put({ ...job, status });
    nodes.forEach((node, index) => this.pods.put(this.#pod(name, index, node)));
  }

  #pod(job: string, index: number, node: string): PodObject {
    return {
      metadata: {
        name: `${job}-worker-${index}`,
        namespace: 'default',
        labels: { [JOB_LABEL]: job, [WORKER_INDEX_LABEL]: String(index) },
        annotations: { [QUEUE_ANNOTATION]: 'q' },
        ownerReferences: [
          { apiVersion: API_VERSION, kind: FINE_TUNE_JOB_KIND, name: job, uid: job, controller: true },
        ],
      },
      spec: { nodeName: node, containers: [{ name: 'c', resources: { limits: { 'nvidia.com/gpu': '2' } } }] },
      status: { phase: 'Running' },
    };
  }

  /** Used, ending and borrowed of q after a cycle: the status, the metrics and what a waiting job is told say the same. */
  async cycle(flavor = 'H100'): Promise<readonly number[]> {
    this.told.length = 0;
    this.loop.run();
    const row = this.loop.figuresOf('q')?.usage.find((usage) => usage.flavor === flavor);
    const { used = 0, ending = 0, borrowed = 0 } = row ?? {};
    const labels = `{queue="q",flavor="${flavor}"}`;
    const text = await this.metrics.text();
    const figure = (name: string) =>
      Number(new RegExp(`^tuneyard_queue_${name}_gpus${labels} (\\d+)$`, 'm').exec(text)?.[1]);
    expect([figure('used'), figure('ending'), figure('borrowed')]).toEqual([used, ending, borrowed]);
    return [used, ending, borrowed];
  }

  async metric(name: string): Promise<Record<string, number>> {
    const text = await this.metrics.text();
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`));
    return Object.fromEntries(
      lines.map((line): [string, number] => {
        const [, labels = '', value = ''] = /^\w+\{(.*)\} (\S+)$/.exec(line) ?? [];
        return [labels.replaceAll('"', ''), Number(value)];
      }),
    );
  }
}

let scheduling: Scheduling;
beforeEach(() => {
  scheduling = new Scheduling();
  for (const name of ['a', 'b']) scheduling.node(name, 4);
  scheduling.queue('q', { cohort: 'company' });
  scheduling.queue('other', { cohort: 'company' });
});

describe('the use of a queue', () => {
  it('follows a job that grows in the cycle that decides it', async () => {
    scheduling.job('elastic', { workers: { min: 1, max: 4, gpusPerWorker: 2 } });
    scheduling.place('elastic', ['a']);
    scheduling.loop.run();
    const resize = scheduling.loop.resizeOf('default/elastic', 1);
    expect(resize?.nodes).toHaveLength(4);
    expect(await scheduling.cycle()).toEqual([8, 0, 4]);
    scheduling.place('elastic', resize?.nodes ?? []);
    expect(await scheduling.cycle()).toEqual([8, 0, 4]);
    expect(scheduling.loop.figuresOf('q')?.admittedJobs).toBe(1);
  });

  it('counts what a shrunk job still holds until its pods are gone', async () => {
    scheduling.job('elastic', { workers: { min: 1, max: 3, gpusPerWorker: 2 } });
    scheduling.place('elastic', ['a', 'a', 'b']);
    expect(await scheduling.cycle()).toEqual([6, 0, 2]);
    // Its spec was changed: the workers beyond are to go.
    scheduling.job('elastic', { workers: { min: 1, max: 1, gpusPerWorker: 2 } });
    scheduling.place('elastic', ['a', 'a', 'b']);
    expect(await scheduling.cycle()).toEqual([6, 4, 2]);
    expect(scheduling.told).toContain('q');
    scheduling.place('elastic', ['a']);
    scheduling.pods.remove('default/elastic-worker-1');
    expect(await scheduling.cycle()).toEqual([4, 2, 0]);
    scheduling.pods.remove('default/elastic-worker-2');
    expect(await scheduling.cycle()).toEqual([2, 0, 0]);
  });

  it('counts the pods of a cancelled job until they are gone, and tells a waiting job so', async () => {
    scheduling.job('victim', { workers: { min: 4, max: 4, gpusPerWorker: 2 } });
    scheduling.place('victim', ['a', 'a', 'b', 'b']);
    expect(await scheduling.cycle()).toEqual([8, 0, 4]);
    scheduling.jobs.remove('default/victim');
    expect(await scheduling.cycle()).toEqual([8, 8, 4]);
    expect(scheduling.loop.figuresOf('q')).toMatchObject({ admittedJobs: 0 });
    scheduling.job('next');
    await scheduling.cycle();
    expect(scheduling.loop.waitingOf('default/next', 1)).toMatchObject({ reason: 'WaitingForRelease' });
    for (const index of [0, 1, 2, 3]) scheduling.pods.remove(`default/victim-worker-${index}`);
    // The next job takes its place in the same cycle.
    expect(await scheduling.cycle()).toEqual([2, 0, 0]);
  });

  it('keeps GPUs of a flavor whose quota was taken away', async () => {
    scheduling.job('runs', { workers: { min: 4, max: 4, gpusPerWorker: 2 } });
    scheduling.place('runs', ['a', 'a', 'b', 'b']);
    scheduling.queue('q', { cohort: 'company', quotas: [{ flavor: 'h100', nominal: 4 }] });
    expect(await scheduling.cycle()).toEqual([8, 0, 8]);
    expect(
      scheduling.loop.figuresOf('q')?.usage.map(({ flavor, nominal, used }) => [flavor, nominal, used]),
    ).toEqual([
      ['h100', 4, 0],
      ['H100', 0, 8],
    ]);
    scheduling.queue('q', { cohort: 'company' });
    expect(await scheduling.cycle()).toEqual([8, 0, 4]);
    expect(await scheduling.metric('tuneyard_queue_used_gpus')).toEqual({
      'queue=q,flavor=H100': 8,
      'queue=other,flavor=H100': 0,
    });
  });
});

describe('the jobs that wait for a queue', () => {
  it('are those that can be admitted; the others count apart', async () => {
    scheduling.queue('q', { namespaces: ['default'], quotas: [{ flavor: 'H100', nominal: 2 }] });
    scheduling.job('runs');
    scheduling.place('runs', ['a']);
    scheduling.job('waits');
    scheduling.job('foreign', {}, 'sales');
    scheduling.job('suspended', { suspend: true });
    scheduling.job('foreign-suspended', { suspend: true }, 'sales');
    scheduling.job('large', { workers: { min: 8, max: 8, gpusPerWorker: 2 } });
    scheduling.job('lost', { queueName: 'made-up-name' });
    await scheduling.cycle();
    expect(scheduling.loop.figuresOf('q')).toMatchObject({
      admittedJobs: 1,
      pendingJobs: 1,
      inadmissibleJobs: 4,
      usage: [{ flavor: 'H100', pending: 2 }],
    });
    expect(await scheduling.metric('tuneyard_pending_jobs')).toEqual({ 'queue=q,reason=WaitingForQuota': 1 });
    expect(await scheduling.metric('tuneyard_inadmissible_jobs')).toEqual({
      'queue=(no such queue),reason=NamespaceNotAllowed': 1,
      'queue=(no such queue),reason=QueueNotFound': 1,
      'queue=(no such queue),reason=Suspended': 1,
      'queue=q,reason=Suspended': 1,
      'queue=q,reason=ExceedsQuota': 1,
    });
  });

  it('change the figures of their queue when a job is suspended, moved or gone', async () => {
    scheduling.queue('q', { quotas: [{ flavor: 'H100', nominal: 0 }] });
    scheduling.queue('other', { quotas: [{ flavor: 'A100', nominal: 0 }] });
    scheduling.job('a', { suspend: true });
    await scheduling.cycle();
    expect(scheduling.told.sort()).toEqual(['other', 'q']);
    await scheduling.cycle();
    expect(scheduling.told).toEqual([]);
    const { metadata, ...rest } = scheduling.job('a', { queueName: 'other', suspend: true });
    scheduling.jobs.put({ ...rest, metadata: { ...metadata, generation: 2 } });
    await scheduling.cycle();
    expect(scheduling.told.sort()).toEqual(['other', 'q']);
    expect(scheduling.loop.figuresOf('q')?.inadmissibleJobs).toBe(0);
    scheduling.jobs.remove('default/a');
    await scheduling.cycle();
    expect(scheduling.told).toEqual(['other']);
  });
});

describe('the pool beside the quotas', () => {
  it('is not told before the first cycle: a controller that has just started has counted nothing', async () => {
    expect(scheduling.loop.figuresOf('q')).toBeUndefined();
    await scheduling.cycle();
    expect(scheduling.loop.figuresOf('q')).toBeDefined();
  });

  it('is told with what is granted of it, also of flavors that no node has', async () => {
    scheduling.queue('other', { quotas: [{ flavor: 'B200', nominal: 3 }] });
    await scheduling.cycle();
    expect([...(scheduling.loop.figuresOf('q')?.pool ?? [])]).toEqual([
      ['H100', { gpus: 8, nominal: 4, queues: 1 }],
      ['B200', { gpus: 0, nominal: 3, queues: 1 }],
    ]);
    expect(await scheduling.metric('tuneyard_pool_gpus')).toEqual({ 'flavor=H100': 8, 'flavor=B200': 0 });
    await scheduling.cycle();
    expect(scheduling.told).toEqual([]);
    scheduling.node('c', 2, 'NVIDIA-B200');
    await scheduling.cycle();
    expect(scheduling.told.sort()).toEqual(['other', 'q']);
  });
});
