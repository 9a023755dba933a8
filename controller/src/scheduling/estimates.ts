import type { PendingJob, RunningJob } from './snapshot.js';

/** A job without a measured pace runs at least so long, in ms. */
const SHORTEST_GUESS_MS = 600_000;
/** A job that should have ended is expected to take at least so long more, in ms. */
const OVERDUE_MS = 60_000;

/**
 * When a running job gives its GPUs back, in ms. Without an estimate of its own it is taken to run as long again as it
 * has run, which is the expectation for the heavy-tailed durations of training jobs
 * (Harchol-Balter and Downey, Exploiting Process Lifetime Distributions, 1997).
 */
export function endOf(job: RunningJob, now: number): number {
  if (job.givesBackBy !== undefined) return Math.max(job.givesBackBy, now);
  const guess = job.estimatedEnd ?? now + Math.max(SHORTEST_GUESS_MS, now - job.startedAt);
  // The longer it has been expected in vain, the less is its estimate worth: nobody waits for it for ever.
  return guess > now ? guess : now + Math.max(OVERDUE_MS, now - guess);
}

/** GPU-seconds that a job still needs; Infinity when nobody knows. */
export const gpuSecondsOf = ({ gpuSeconds = Number.POSITIVE_INFINITY }: PendingJob) => gpuSeconds;

/** When a job that starts now with so many workers ends, in ms; Infinity when nobody knows. */
export const endIfStarted = (job: PendingJob, workers: number, now: number) =>
  now + (gpuSecondsOf(job) / (workers * job.gpusPerWorker)) * 1000;

/** GPU-seconds of work that are lost if the job ends without a checkpoint. */
export const unsavedGpuSeconds = (job: RunningJob, now: number) =>
  (Math.max(0, now - Math.max(job.startedAt, job.checkpointedAt ?? 0)) / 1000) *
  job.nodes.length *
  job.gpusPerWorker;
