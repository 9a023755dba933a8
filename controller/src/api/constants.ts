/** API group, version and the names that the controller writes on the objects that it makes. */
export const GROUP = 'tuneyard.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;
export const FINE_TUNE_JOB_KIND = 'FineTuneJob';
export const GPU_QUEUE_KIND = 'GpuQueue';
export const FINE_TUNE_JOBS = 'finetunejobs';
export const GPU_QUEUES = 'gpuqueues';

/** Where the API server keeps jobs and queues. */
export const JOB_RESOURCE = {
  group: GROUP,
  version: VERSION,
  plural: FINE_TUNE_JOBS,
  kind: FINE_TUNE_JOB_KIND,
  namespaced: true,
} as const;
export const QUEUE_RESOURCE = {
  group: GROUP,
  version: VERSION,
  plural: GPU_QUEUES,
  kind: GPU_QUEUE_KIND,
  namespaced: false,
} as const;

/** The only value of `spec.managedBy` that this controller acts on. */
export const MANAGED_BY = 'tuneyard.dev/controller';

/** On every pod and secret of a job: the job's name. */
export const JOB_LABEL = 'tuneyard.dev/job';
/** On every pod of a job: the worker's index, which is stable over restarts of the worker. */
export const WORKER_INDEX_LABEL = 'tuneyard.dev/worker-index';
/** On every pod of a job: which attempt at running the job made it; counts `status.restarts`. */
export const ATTEMPT_LABEL = 'tuneyard.dev/attempt';

/** On every pod of a job, an annotation: the queue whose quota its GPUs count on, also when the job is gone. */
export const QUEUE_ANNOTATION = 'tuneyard.dev/queue';

/** On a namespace, a label: the queue of its jobs that name none. */
export const DEFAULT_QUEUE_LABEL = 'tuneyard.dev/default-queue';

/** Pod names are `<job>-worker-<i>` and must fit a label value of 63 characters. */
export const MAX_JOB_NAME = 52;

/** On a job: any new value asks its workers for a checkpoint now; `status.checkpoint` tells when it is there. */
export const CHECKPOINT_ANNOTATION = 'tuneyard.dev/checkpoint-request';
