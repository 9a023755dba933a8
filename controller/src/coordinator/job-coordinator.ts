import type { CheckpointDone, Finished, JobRef, Progress, ResumedFrom, TrainerConfig } from '@tuneyard/proto';

/** A job as the coordinator needs to know it. */
export interface CoordinatedJob {
  readonly ref: JobRef;
  readonly config: TrainerConfig;
  /** Every worker must present it; bound to namespace, name and uid. */
  readonly token: string;
  /** The first generation starts when this many workers are ready; later ones start with whoever is there. */
  readonly expectedWorkers: number;
  /** A worker that is far slower than the others for long is replaced, once; default: it is only reported. */
  readonly replaceStragglers?: boolean | undefined;
}

export interface MemberState {
  readonly memberId: string;
  readonly address: string;
  readonly ready: boolean;
  readonly committedStep: number;
  /** Milliseconds of the coordinator's monotonic clock. */
  readonly lastSeen: number;
  /** What one micro-batch takes there; undefined = not known yet. */
  readonly unitSeconds?: number | undefined;
}

/** What is known of a job's training, newest figures. */
export interface JobTrainingState {
  readonly generation: number;
  readonly members: readonly MemberState[];
  readonly progress: Progress | undefined;
  readonly checkpoint: CheckpointDone | undefined;
  readonly finished: Finished | undefined;
  /** The checkpoint that this attempt began at; absent = it began anew, or no worker has loaded yet. */
  readonly resumedFrom?: ResumedFrom | undefined;
}

/** The controller's side of the trainers' sessions: in-process, used by reconcile and by `tuneyard train`. */
export interface JobCoordinator {
  /** Makes the job known, or updates `expectedWorkers` and the configuration; idempotent. */
  register(job: CoordinatedJob): Promise<void>;
  /** Ends the job's sessions and forgets its state. */
  unregister(uid: string): Promise<void>;
  /** Asks for a checkpoint; the answer shows up as `checkpoint` of {@link state}. */
  requestCheckpoint(uid: string): Promise<void>;
  /** Asks all workers to end, after a checkpoint when told so. */
  stop(uid: string, reason: string, options: { readonly checkpoint: boolean }): Promise<void>;
  state(uid: string): JobTrainingState | undefined;
  /** Calls back with the uid after every change of {@link state}; returns the unsubscribe function. */
  onChange(listener: (uid: string) => void): () => void;
}
