import type { FineTuneJob, ResolvedSpec } from '../api/index.js';
import type { JobTrainingState } from '../coordinator/job-coordinator.js';
import type { PodObject } from '../pool/index.js';
import type { PodWarning } from './pod-warning.js';
import { rfc3339 } from './next-status.js';
import type { Refusal } from './why-not-ready.js';
import type { Admission, Resize, Waiting } from '../scheduling/index.js';

/**
 * Why a node starts no pod: it is cordoned or about to go, though what runs there goes on; or nothing has been heard
 * of it for some time, while its processes may still run; or it does not exist.
 */
export type NodeTrouble = 'closed' | 'unreachable' | 'gone';

/** GPUs of each worker of a job that holds some: what it was admitted with, whatever its spec says by now. */
export const heldGpusPerWorker = ({ job, resolved }: Pick<JobFacts, 'job' | 'resolved'>): number =>
  job.status?.placement?.gpusPerWorker ?? resolved?.workers.gpusPerWorker ?? 1;

/** When a job that has `count` workers since now may grow; nothing where it has as many as it may have. */
export function growsFrom(
  { resolved, resizeCooldownMs, now }: JobFacts,
  count: number,
): { readonly growsFrom?: string } {
  if (resizeCooldownMs === undefined || count >= (resolved?.workers.max ?? 0)) return {};
  return { growsFrom: rfc3339(now + resizeCooldownMs) };
}

/** Everything that the decision on one job depends on. */
export interface JobFacts {
  readonly job: FineTuneJob;
  /** Undefined when the spec is invalid; the scheduler then says so in `waiting`. */
  readonly resolved: ResolvedSpec | undefined;
  /** What is wrong with the spec. */
  readonly invalid?: string | undefined;
  /** All pods of the job, of whatever attempt. */
  readonly pods: readonly PodObject[];
  readonly training: JobTrainingState | undefined;
  /** Decided by the scheduler, not yet in the status. */
  readonly admission: Admission | undefined;
  readonly waiting: Waiting | undefined;
  /** Why the job must give its GPUs back, if it must. */
  readonly eviction:
    | { readonly reason: 'Suspended' | 'QueueStopped' | 'Preempted' | 'NodeLost'; readonly message: string }
    | undefined;
  /** Another number of workers that the scheduler decided on, not yet in the status. */
  readonly resize?: Resize | undefined;
  /** What is wrong with nodes of the placement and of the pods; nothing is with those that are not named. */
  readonly nodes: ReadonlyMap<string, NodeTrouble>;
  /** Workers, by index, whose pod the API server refused. Absent: none. */
  readonly refusals?: ReadonlyMap<number, Refusal> | undefined;
  /** What is said about pods that have a node and do not start, by their uid. Absent: nothing. */
  readonly warnings?: ReadonlyMap<string, PodWarning> | undefined;
  /** Pods that are not of this job and have the name of one of its workers, by index. Absent: none. */
  readonly foreign?: ReadonlyMap<number, PodObject> | undefined;
  /** How long a job keeps its number of workers before it may grow. Absent: not known. */
  readonly resizeCooldownMs?: number | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}
