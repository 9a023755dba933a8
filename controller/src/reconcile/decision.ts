import type { FineTuneJobStatus } from '../api/index.js';
import type { PodObject } from '../pool/index.js';
import type { WorkerPlan } from './worker-pod.js';

/** What is to be done for a job, in this order. */
export interface Decision {
  /** Written first, if it differs, so that what follows can be repeated after a crash. */
  readonly status: FineTuneJobStatus;
  /**
   * Make the job known to the coordinator, for so many workers. `fresh`: the attempt has no workers yet, so whatever the
   * coordinator remembers is of an earlier one.
   */
  readonly register?: { readonly expectedWorkers: number; readonly fresh: boolean };
  /** Ask the workers to end. */
  readonly stop?: { readonly reason: string; readonly checkpoint: boolean };
  /** End the sessions and forget the membership. */
  readonly unregister?: boolean;
  readonly deletePods?: readonly PodObject[];
  /** Removed without waiting for the agent of their node, of which nothing is heard. */
  readonly removePods?: readonly PodObject[];
  readonly createPods?: readonly WorkerPlan[];
  /** Its time to live after the end is over. */
  readonly deleteJob?: boolean;
  /** Look again after so many milliseconds even if nothing changes. */
  readonly lookAgainMs?: number;
}
