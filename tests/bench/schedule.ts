// Speed of the scheduler alone. Run after `npm run build`; --help tells how.
import { writeFileSync } from 'node:fs';
import type { PendingJob, PoolNode, QueueState, RunningJob } from '@tuneyard/controller/scheduling';
import { LiveBacklog, LiveRunningJobs, schedule } from '@tuneyard/controller/scheduling';
import { quantile } from '../support/quantile.js';
import { readOptions } from '../support/read-options.js';

const USAGE = `npm run bench:schedule -- [options]

Speed of the scheduler alone: full cycles, reasons included, over a cluster in memory in which all jobs wait from the
start and end after a while, with the node options of the controller's image. Then how the cost of a cycle grows on pools
of a tenth to the whole size.

  --nodes N           default 5000
  --gpus-per-node N   default 8
  --queues N          default 1000
  --jobs N            default 50000
  --json FILE         also writes the figures there
`;

interface Load {
  readonly nodes: number;
  readonly gpusPerNode: number;
  readonly queues: number;
  readonly jobs: number;
}

interface Distribution {
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

interface Result extends Load {
  readonly cycles: number;
  readonly admitted: number;
  /** Wall time of everything, the cluster in memory included, and the processor time of the same. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly admissionsPerSecond: number;
  readonly admissionsPerCpuSecond: number;
  /** By the wall clock, which other programs on the machine lengthen, and by processor time, garbage collection included. */
  readonly cycleMs: Distribution;
  readonly cycleCpuMs: Distribution;
  readonly heapMb: number;
  readonly rssMb: number;
}

const FLAVOR = 'H100';
const RESOURCE = 'nvidia.com/gpu';
const COHORT_QUEUES = 100;
/** Simulated time between two cycles, in ms. */
const TICK_MS = 5000;

/** A small generator with a fixed seed (Mulberry32), so that every run has the same jobs. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const NO_NEEDS = { nodeSelector: {}, tolerations: [] };

function makeJobs({ jobs, queues }: Load): PendingJob[] {
  const random = randomFrom(1);
  return Array.from({ length: jobs }, (_, i) => {
    const size = random();
    const gpus = size < 0.6 ? 1 : size < 0.75 ? 2 : size < 0.87 ? 4 : size < 0.97 ? 8 : 16;
    const min = random() < 0.25 ? Math.ceil(gpus / 2) : gpus;
    return {
      key: `default/job-${String(i).padStart(6, '0')}`,
      namespace: 'default',
      queueName: `queue-${Math.floor(random() * queues)}`,
      priority: random() < 0.1 ? 1 : 0,
      createdAt: i,
      min,
      max: gpus,
      gpusPerWorker: 1,
      needs: NO_NEEDS,
      ...(random() < 0.7 ? { gpuSeconds: gpus * (60 + 540 * random()) } : {}),
      ...(gpus > 1 && gpus <= 8 ? { topology: { level: 'node', mode: 'preferred' } as const } : {}),
    };
  });
}

function makeQueues({ queues, nodes, gpusPerNode }: Load): Map<string, QueueState> {
  const nominal = Math.max(1, Math.floor((nodes * gpusPerNode) / queues));
  return new Map(
    Array.from({ length: queues }, (_, i) => {
      const name = `queue-${i}`;
      const cohort = `cohort-${Math.floor(i / COHORT_QUEUES)}`;
      return [
        name,
        { name, cohort, weight: 1 + (i % 3), stopPolicy: 'none', quotas: [{ flavor: FLAVOR, nominal }] },
      ];
    }),
  );
}

/** What the controller's caches would hold: nodes whose objects change with their use, jobs by queue. */
class MemoryCluster {
  readonly nodes: PoolNode[] = [];
  readonly #index = new Map<string, number>();
  readonly running = new LiveRunningJobs();

  constructor({ nodes, gpusPerNode }: Load) {
    for (let i = 0; i < nodes; i++) {
      const name = `node-${i}`;
      this.#index.set(name, i);
      this.nodes.push({
        name,
        labels: {},
        taints: [],
        gpus: [{ flavor: FLAVOR, resource: RESOURCE, allocatable: gpusPerNode, used: 0 }],
        unavailable: undefined,
        domains: { node: name, nvlink: name, rack: `rack-${Math.floor(i / 16)}`, zone: `zone-${i % 3}` },
      });
    }
  }

  take(names: readonly string[], sign: 1 | -1): void {
    for (const name of names) {
      const index = this.#index.get(name) as number;
      const node = this.nodes[index] as PoolNode;
      const gpus = node.gpus.map((entry) => ({ ...entry, used: entry.used + sign }));
      if (gpus.some(({ used, allocatable }) => used < 0 || used > allocatable))
        throw new Error(`${name} is overcommitted`);
      this.nodes[index] = { ...node, gpus };
    }
  }

  place(job: RunningJob): void {
    const before = this.running.get(job.key);
    if (before !== undefined) this.take(before.nodes, -1);
    this.take(job.nodes, 1);
    this.running.set(job);
  }

  remove(key: string): void {
    const job = this.running.get(key);
    if (job !== undefined) this.take(job.nodes, -1);
    this.running.delete(key);
  }
}

function run(load: Load): Result {
  const cluster = new MemoryCluster(load);
  const queues = makeQueues(load);
  const namespaces = new Map([['default', {}]]);
  const backlog = new LiveBacklog<PendingJob>();
  const waiting = new Map<string, PendingJob>();
  for (const job of makeJobs(load)) {
    waiting.set(job.key, job);
    backlog.add(job);
  }
  const random = randomFrom(2);
  const ends = new Map<string, number>();
  const times: number[] = [];
  const cpuTimes: number[] = [];
  let admitted = 0;
  let evicted = 0;
  let now = 0;
  let heap = 0;
  const started = performance.now();
  const busyAtStart = process.cpuUsage();
  while (waiting.size > 0) {
    const from = performance.now();
    const busyFrom = process.cpuUsage();
    const plan = schedule({
      now,
      pool: { nodes: cluster.nodes },
      queues,
      namespaces,
      pending: backlog.view,
      running: cluster.running,
    });
    let told = 0;
    for (const { message } of plan.waiting) if (message !== '') told++;
    times.push(performance.now() - from);
    const busy = process.cpuUsage(busyFrom);
    cpuTimes.push((busy.user + busy.system) / 1000);
    if (!plan.isPartial && told + plan.admissions.length !== waiting.size)
      throw new Error('a job is neither admitted nor told why it waits');
    for (const { key, flavor, resource, nodes } of plan.admissions) {
      const job = waiting.get(key) as PendingJob;
      waiting.delete(key);
      backlog.remove(job);
      const end = now + ((job.gpuSeconds ?? nodes.length * (60 + 540 * random())) / nodes.length) * 1000;
      const estimate = job.gpuSeconds === undefined ? {} : { estimatedEnd: end };
      cluster.place({ ...job, flavor, resource, nodes, startedAt: now, ...estimate });
      ends.set(key, end);
      admitted++;
    }
    for (const { key, nodes } of plan.resizes)
      cluster.place({ ...(cluster.running.get(key) as RunningJob), nodes, resizedAt: now });
    for (const { key } of plan.evictions) {
      const job = cluster.running.get(key) as RunningJob;
      cluster.remove(key);
      ends.delete(key);
      waiting.set(key, job);
      backlog.add(job);
      evicted++;
    }
    if (times.length % 16 === 0) heap = Math.max(heap, process.memoryUsage().heapUsed);
    if (plan.isPartial) continue;
    now += TICK_MS;
    for (const [key, end] of ends) {
      if (end > now) continue;
      ends.delete(key);
      cluster.remove(key);
    }
  }
  const seconds = (performance.now() - started) / 1000;
  if (evicted > 0) process.stdout.write(`${evicted} evictions\n`);
  const busy = process.cpuUsage(busyAtStart);
  const cpuSeconds = (busy.user + busy.system) / 1e6;
  return {
    ...load,
    cycles: times.length,
    admitted,
    seconds,
    cpuSeconds,
    admissionsPerSecond: admitted / seconds,
    admissionsPerCpuSecond: admitted / cpuSeconds,
    cycleMs: distribution(times),
    cycleCpuMs: distribution(cpuTimes),
    heapMb: heap / 2 ** 20,
    rssMb: process.resourceUsage().maxRSS / 1024,
  };
}

function distribution(times: readonly number[]): Distribution {
  const at = (part: number) => quantile(times, part) ?? 0;
  const mean = times.reduce((sum, ms) => sum + ms, 0) / Math.max(1, times.length);
  return { mean, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** The exponent b of cost = a * size^b that fits best (least squares of the logarithms). */
function fitExponent(points: readonly { readonly size: number; readonly cost: number }[]): number {
  const logs = points.map(({ size, cost }) => [Math.log(size), Math.log(cost)] as const);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(logs.map(([a]) => a)), mean(logs.map(([, b]) => b))];
  const above = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  return above / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}

const inWords = ({ mean, p50, p99, max }: Distribution) =>
  `mean ${mean.toFixed(1)} p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} max ${max.toFixed(1)} ms`;

function show(result: Result): void {
  const { nodes, jobs, cycles, admissionsPerSecond, admissionsPerCpuSecond, heapMb, rssMb } = result;
  process.stdout.write(
    `${nodes} nodes, ${jobs} jobs, ${cycles} cycles\n` +
      `  wall clock:     ${admissionsPerSecond.toFixed(0)} admissions/s, cycle ${inWords(result.cycleMs)}\n` +
      `  processor time: ${admissionsPerCpuSecond.toFixed(0)} admissions/s, cycle ${inWords(result.cycleCpuMs)}\n` +
      `  heap ${heapMb.toFixed(0)} MB, RSS ${rssMb.toFixed(0)} MB\n`,
  );
}

const values = readOptions(USAGE, {
  nodes: { type: 'string', default: '5000' },
  'gpus-per-node': { type: 'string', default: '8' },
  queues: { type: 'string', default: '1000' },
  jobs: { type: 'string', default: '50000' },
  json: { type: 'string' },
});
const full: Load = {
  nodes: Number(values.nodes),
  gpusPerNode: Number(values['gpus-per-node']),
  queues: Number(values.queues),
  jobs: Number(values.jobs),
};
// Smaller pools first, all with as many queues and jobs for each node.
const sizes = [0.1, 0.2, 0.5, 1].map((part) => ({
  ...full,
  nodes: Math.max(1, Math.round(full.nodes * part)),
  queues: Math.max(1, Math.round(full.queues * part)),
  jobs: Math.max(1, Math.round(full.jobs * part)),
}));
const results = sizes.map((load) => {
  const result = run(load);
  show(result);
  return result;
});
const exponent = fitExponent(
  results.map(({ nodes, cycleCpuMs }) => ({ size: nodes, cost: cycleCpuMs.mean })),
);
process.stdout.write(`processor time of a cycle grows with nodes^${exponent.toFixed(2)}\n`);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ results, exponent }, undefined, 2)}\n`);
