import type { FineTuneJob, ResolvedSpec } from '../api/index.js';
import type { JobTrainingState } from '../coordinator/job-coordinator.js';
import type { PodObject } from '../pool/index.js';
import type { Admission, Resize, Waiting } from '../scheduling/index.js';

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
    { readonly reason: 'Suspended' | 'QueueStopped' | 'Preempted'; readonly message: string } | undefined;
  /** Another number of workers that the scheduler decided on, not yet in the status. */
  readonly resize?: Resize | undefined;
  /** Nodes that no longer exist, or on which nothing runs any more. */
  readonly lostNodes: ReadonlySet<string>;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}
