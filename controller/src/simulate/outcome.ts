import type { SimJob } from './sim-job.js';

/** Gangs of at least so many GPUs count as large: they need a whole node or more. */
export const LARGE = 8;
/** Shorter jobs count as so long in slowdowns, in seconds, so that a wait of seconds does not count as a disaster. */
const SLOWDOWN_BOUND = 60;
/** Tenants with fewer jobs are left out of the comparison of tenants. */
const FEWEST_JOBS = 20;

interface Waits {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** What a policy made of a trace. Times in seconds. */
export interface Outcome {
  readonly policy: string;
  readonly jobs: number;
  readonly finished: number;
  readonly gpus: number;
  readonly cycles: number;
  /** From submission to first start. */
  readonly wait: Waits;
  /** The same of jobs of at least {@link LARGE} GPUs. */
  readonly waitOfLarge: Waits;
  /** Longest wait among the jobs of the largest size. */
  readonly waitOfLargest: number;
  /** From submission to the end. */
  readonly meanCompletion: number;
  /** Part of all GPU-seconds, from the first submission to the last end, in which GPUs were taken. */
  readonly utilisation: number;
  /** Part of all GPU-seconds in which GPUs were free although a job waited. */
  readonly fragmentation: number;
  readonly evictions: number;
  readonly gpuSecondsLost: number;
  /** Largest by smallest mean slowdown of a tenant's jobs; 1 is perfectly even. */
  readonly unfairness: number;
}

interface Record {
  readonly policy: string;
  readonly jobs: readonly SimJob[];
  readonly gpus: number;
  readonly cycles: number;
  readonly busyGpuSeconds: number;
  readonly idleWhileWaitedGpuSeconds: number;
}

export function summarize(record: Record): Outcome {
  const { jobs, gpus } = record;
  const finished = jobs.filter(({ end }) => end !== undefined);
  const first = jobs[0]?.trace.submittedAt ?? 0;
  const last = finished.reduce((latest, { end = 0 }) => Math.max(latest, end), first);
  const available = Math.max(1, ((last - first) / 1000) * gpus);
  const most = jobs.reduce((size, { trace }) => Math.max(size, trace.gpus), 0);
  return {
    policy: record.policy,
    jobs: jobs.length,
    finished: finished.length,
    gpus,
    cycles: record.cycles,
    wait: waits(jobs),
    waitOfLarge: waits(jobs.filter(({ trace }) => trace.gpus >= LARGE)),
    waitOfLargest: Math.max(0, ...jobs.filter(({ trace }) => trace.gpus === most).map(waitOf)),
    meanCompletion: mean(finished.map(({ trace, end = 0 }) => (end - trace.submittedAt) / 1000)),
    utilisation: record.busyGpuSeconds / available,
    fragmentation: record.idleWhileWaitedGpuSeconds / available,
    evictions: jobs.reduce((sum, job) => sum + job.evictions, 0),
    gpuSecondsLost: jobs.reduce((sum, job) => sum + job.gpuSecondsLost, 0),
    unfairness: unfairness(finished),
  };
}

const waitOf = ({ trace, firstStart }: SimJob) =>
  firstStart === undefined ? Number.POSITIVE_INFINITY : (firstStart - trace.submittedAt) / 1000;

function waits(jobs: readonly SimJob[]): Waits {
  const sorted = jobs.map(waitOf).sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
  return { mean: mean(sorted), p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

const mean = (values: readonly number[]) =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

function unfairness(finished: readonly SimJob[]): number {
  const byTenant = new Map<string, number[]>();
  for (const { trace, end = 0 } of finished) {
    const taken = (end - trace.submittedAt) / 1000;
    const slowdown = Math.max(1, taken / Math.max(SLOWDOWN_BOUND, trace.seconds));
    const list = byTenant.get(trace.tenant);
    if (list === undefined) byTenant.set(trace.tenant, [slowdown]);
    else list.push(slowdown);
  }
  const means = [...byTenant.values()].filter((list) => list.length >= FEWEST_JOBS).map(mean);
  return means.length === 0 ? 1 : Math.max(...means) / Math.min(...means);
}
