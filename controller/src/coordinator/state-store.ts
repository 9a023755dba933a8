import type { CheckpointDone, Finished, Progress, ResumedFrom } from '@tuneyard/proto';

import type { MembershipCause, WorkerIdentity } from './membership-state.js';

/** The membership of a job as it was last announced. */
export interface StoredMembership {
  /** >= 1; also the fencing token of every write. */
  readonly generation: number;
  readonly members: readonly WorkerIdentity[];
  /** Of the micro-batches, by rank, relative to each other; absent = all the same. */
  readonly shares?: readonly number[] | undefined;
  readonly cause: MembershipCause;
}

/** Newest training figures of a job. */
export interface StoredTraining {
  readonly progress?: Progress | undefined;
  readonly checkpoint?: CheckpointDone | undefined;
  readonly finished?: Finished | undefined;
  /** The checkpoint that the first workers of the attempt began at. */
  readonly resumedFrom?: ResumedFrom | undefined;
}

export interface StoredJob extends StoredTraining {
  readonly membership: StoredMembership | undefined;
}

/**
 * What a coordinator must remember over a restart. Writes are fenced by the generation: a coordinator that was
 * replaced and does not know it yet cannot overwrite what its successor wrote.
 */
export interface StateStore {
  /** Everything known of the job, or undefined. */
  load(uid: string): Promise<StoredJob | undefined>;
  /**
   * Makes `membership` the newest, if its generation is greater than the stored one. False = fenced: another
   * coordinator has announced that generation or a later one.
   */
  advance(uid: string, membership: StoredMembership): Promise<boolean>;
  /** Keeps the given figures (the others stay), if `generation` is not older than the stored one; false = fenced. */
  record(uid: string, generation: number, training: StoredTraining): Promise<boolean>;
  /** Forgets the job. */
  remove(uid: string): Promise<void>;
  close(): Promise<void>;
}
