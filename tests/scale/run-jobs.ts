import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FineTuneJob } from '@tuneyard/controller/api';
import { JOB_LABEL } from '@tuneyard/controller/api';
import { KubeClient, loadConnection, Reflector } from '@tuneyard/controller/kube';
import { startPodBinder } from '@tuneyard/local';
import { jobObject, queueObject, startControllerProcess, until } from '../e2e/controller/cluster.js';
import { addGpuNode, installDefinitions } from '../e2e/controller/furnish.js';
import { JOBS, PODS, QUEUES, SECRETS } from '../e2e/controller/kinds.js';
import { quantile } from '../support/quantile.js';
import { FakeFleet } from './fake-fleet.js';
import { end, peakResidentMiB, processorSeconds, startApiServer } from './processes.js';

export interface ScaleLoad {
  readonly jobs: number;
  readonly nodes: number;
  readonly gpusPerNode: number;
  readonly queues: number;
  /** Milliseconds that a job trains. */
  readonly trainingMs: number;
  /** The controller's limit on requests a second to the API server; 0 = none. */
  readonly qps: number;
  readonly burst: number;
}

export interface ScaleFigures extends ScaleLoad {
  readonly pods: number;
  /** From the first job that is sent to the last one that is Complete. */
  readonly seconds: number;
  readonly jobsPerSecond: number;
  /** From the answer to a job's creation to the first sight of its condition. */
  readonly secondsToAdmission: { readonly p50: number; readonly p99: number };
  readonly secondsToCompletion: { readonly p50: number; readonly p99: number };
  readonly controllerPeakRssMiB: number;
  /** Processor time of each process for one job. The load is the binder, the node agents, the fake workers and the users. */
  readonly cpuMsPerJob: { readonly controller: number; readonly apiServer: number; readonly load: number };
  /** What one core of its own lets the controller, which is one thread, do at most. */
  readonly controllerJobsPerCoreSecond: number;
  /** The controller's requests for one job, by verb and resource; those fewer than one in a hundred jobs are left out. */
  readonly requestsPerJob: Readonly<Record<string, number>>;
  readonly restarts: number;
  readonly evictions: number;
  /** Pods and Secrets that are there after all jobs were deleted. */
  readonly leftBehind: number;
}

/** Requests at once to create or delete objects. */
const CLIENTS = 16;

/** One in five jobs has two workers, one in twenty has four; the others have one. */
const workersOf = (index: number) => (index % 20 === 0 ? 4 : index % 5 === 0 ? 2 : 1);

/** Runs a load of jobs through an API server and a controller, each a process of its own, and takes all of it away. */
export async function runJobs(load: ScaleLoad): Promise<ScaleFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'tuneyard-scale-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const undo: (() => Promise<void> | void)[] = [() => rm(folder, { recursive: true })];
  try {
    const server = await startApiServer(kubeconfig);
    undo.push(() => end(server));
    const client = new KubeClient(loadConnection(kubeconfig), { qps: 0 });
    undo.push(() => client.close());
    await furnish(client, load);
    const binder = await startPodBinder({ kubeconfig });
    undo.push(() => binder.close());
    const fleet = new FakeFleet(client, load.trainingMs);
    await fleet.start();
    undo.push(() => fleet.stop());
    const limits = ['--kube-api-qps', `${load.qps}`, '--kube-api-burst', `${load.burst}`];
    const controller = await startControllerProcess(kubeconfig, limits);
    undo.push(() => end(controller.process));

    const times = new JobTimes(client);
    await times.start();
    undo.push(() => times.stop());
    const pids = [controller.process.pid!, server.pid!, process.pid] as const;
    const before = pids.map(processorSeconds);
    const requestsBefore = await requestsOf(controller.metricsUrl);
    const started = performance.now();
    await each(load.jobs, async (index) => {
      const workers = workersOf(index);
      await client.create(
        JOBS,
        jobObject(`job-${index}`, {
          queueName: `queue-${index % load.queues}`,
          workers: { min: workers, max: workers },
        }),
      );
      times.created(`default/job-${index}`);
    });
    await until(
      'all jobs are complete',
      async () => {
        if (fleet.trouble !== undefined) throw fleet.trouble;
        if (times.failed !== undefined)
          throw new Error(`${times.failed} failed: ${controller.logs.join('')}`);
        return times.complete === load.jobs;
      },
      600_000,
    );
    const seconds = (performance.now() - started) / 1000;
    const [ofController = 0, ofServer = 0, ofLoad = 0] = pids
      .map(processorSeconds)
      .map((cpu, i) => ((cpu - (before[i] ?? 0)) / load.jobs) * 1000);
    const requests = await requestsOf(controller.metricsUrl);
    const pods = (await client.list(PODS)).items.length;
    const jobs = (await client.list<FineTuneJob>(JOBS)).items;
    return {
      ...load,
      pods,
      seconds,
      jobsPerSecond: load.jobs / seconds,
      secondsToAdmission: times.quantiles('admitted'),
      secondsToCompletion: times.quantiles('completed'),
      controllerPeakRssMiB: peakResidentMiB(controller.process.pid!),
      cpuMsPerJob: { controller: ofController, apiServer: ofServer, load: ofLoad },
      controllerJobsPerCoreSecond: 1000 / ofController,
      requestsPerJob: perJob(requestsBefore, requests, load.jobs),
      restarts: sum(jobs.map(({ status }) => status?.restarts ?? 0)),
      evictions: sum(jobs.map(({ status }) => status?.evictions ?? 0)),
      leftBehind: await deleteAll(client, jobs),
    };
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** The controller's requests to the API server so far, by verb and resource. */
async function requestsOf(metricsUrl: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${metricsUrl}/metrics`)).text();
  const counts = new Map<string, number>();
  for (const [, labels = '', count] of text.matchAll(/^tuneyard_api_requests_total\{(.*)\} (\d+)$/gm)) {
    const label = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    const kind = `${label('verb')} ${label('resource')}`;
    counts.set(kind, (counts.get(kind) ?? 0) + Number(count));
  }
  return counts;
}

function perJob(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  jobs: number,
): Record<string, number> {
  return Object.fromEntries(
    [...after]
      .map(([kind, count]) => [kind, (count - (before.get(kind) ?? 0)) / jobs] as const)
      .filter(([, count]) => count >= 0.01)
      .sort(([, a], [, b]) => b - a),
  );
}

async function furnish(client: KubeClient, { nodes, gpusPerNode, queues }: ScaleLoad): Promise<void> {
  await installDefinitions(client);
  await each(nodes, (index) => addGpuNode(client, `node-${index}`, gpusPerNode));
  const share = Math.ceil((nodes * gpusPerNode) / queues);
  await each(queues, async (index) => {
    await client.create(QUEUES, queueObject(`queue-${index}`, share, { cohort: 'pool' }));
  });
}

/** Deletes the jobs; returns how many of their pods and Secrets are left once nothing goes away any more. */
async function deleteAll(client: KubeClient, jobs: readonly FineTuneJob[]): Promise<number> {
  await each(jobs.length, async (index) => {
    await client.delete(JOBS, jobs[index]!.metadata);
  });
  const ofJobs = { labelSelector: JOB_LABEL };
  const left = async () =>
    (await client.list(PODS, ofJobs)).items.length + (await client.list(SECRETS, ofJobs)).items.length;
  await until('pods and Secrets are gone', async () => (await left()) === 0, 60_000).catch(() => undefined);
  return left();
}

async function each(count: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

interface Times {
  created?: number;
  admitted?: number;
  completed?: number;
}

/** When a user who watches sees what. */
class JobTimes {
  readonly #jobs: Reflector<FineTuneJob>;
  readonly #times = new Map<string, Times>();
  complete = 0;
  failed: string | undefined;

  constructor(client: KubeClient) {
    this.#jobs = new Reflector<FineTuneJob>(client, JOBS);
    this.#jobs.cache.subscribe(({ key, object, type }) => {
      if (type === 'deleted') return;
      const times = this.#of(key);
      const holds = (condition: string) =>
        object.status?.conditions?.some((found) => found.type === condition && found.status === 'True') ===
        true;
      if (holds('Admitted')) times.admitted ??= performance.now();
      if (holds('Failed')) this.failed ??= key;
      if (!holds('Complete') || times.completed !== undefined) return;
      times.completed = performance.now();
      this.complete++;
    });
  }

  async start(): Promise<void> {
    this.#jobs.start();
    await this.#jobs.synced();
  }

  stop(): Promise<void> {
    return this.#jobs.stop();
  }

  created(key: string): void {
    this.#of(key).created = performance.now();
  }

  quantiles(until: 'admitted' | 'completed'): { p50: number; p99: number } {
    const waits = [...this.#times.values()].flatMap((times) => {
      const end = times[until];
      return end === undefined || times.created === undefined
        ? []
        : [Math.max(0, end - times.created) / 1000];
    });
    return { p50: quantile(waits, 0.5) ?? NaN, p99: quantile(waits, 0.99) ?? NaN };
  }

  #of(key: string): Times {
    let times = this.#times.get(key);
    if (times === undefined) this.#times.set(key, (times = {}));
    return times;
  }
}
