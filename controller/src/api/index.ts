export * from './constants.js';
export {
  isListOfSpec,
  parseFineTuneJob,
  parseFineTuneJobSpec,
  parseGpuQueue,
  parseManifests,
} from './parse.js';
export type { Manifest, ParseOptions } from './parse.js';
export { capsOf, lingeringProblem, withCaps } from './caps.js';
export { priorityOf } from './priority.js';
export { inItsQueue, queueNameOf } from './queue-name.js';
export type { Priority } from './priority.js';
export type { Caps } from './caps.js';
export { resolveSpec } from './resolve.js';
export type { ResolveFacts } from './resolve-duration.js';
export type {
  FilledField,
  ResolvedDataset,
  ResolvedMethod,
  ResolvedSpec,
  ResolvedTraining,
  ResolvedWorkers,
} from './resolved-spec.js';
export { memoryNeed, waysToFit, type MemoryNeed } from './memory-need.js';
export { specWarnings } from './spec-warnings.js';
export { toTrainerConfig } from './trainer-config.js';
export { nearest } from './nearest.js';

export type { FineTuneJob, FineTuneJobSpec, FineTuneJobSpecInput, Metadata } from './fine-tune-job.js';
export { fineTuneJobSpecSchema } from './fine-tune-job.js';
export type { FineTuneJobStatus, Placement, QueueStatus } from './job-status.js';
export { fineTuneJobStatusSchema } from './job-status.js';
export type { GpuQueue, GpuQueueSpec, GpuQueueStatus } from './gpu-queue.js';
export { gpuQueueSpecSchema, gpuQueueStatusSchema } from './gpu-queue.js';
export type { PodPatch, PodTemplate } from './pod-template.js';
export {
  CONTRACT_VARIABLES,
  podTemplateProblems,
  TRAINER_CONTAINER,
  type PodTemplatePolicy,
} from './pod-template-rules.js';
export { parseQuantity } from './quantity.js';
export { estimatedRequests, workerResourceProblems } from './worker-resources.js';
export { VISIBLE_DEVICES } from './pod-form/gpu-variables.js';
export type { Method, MethodType } from './method.js';
export type { Training } from './training.js';
export type { Dataset } from './dataset.js';
export type { Workers } from './workers.js';

export {
  derivePhase,
  findCondition,
  IMPOSSIBLE_REASONS,
  isInadmissible,
  isTrue,
  mergeConditions,
} from './conditions.js';
export type {
  Condition,
  ConditionUpdate,
  FailureReason,
  JobConditionType,
  JobReason,
  Phase,
  WaitingReason,
} from './conditions.js';

export { heldGpus } from './held-gpus.js';
export type { QueueConditionType, QueueReason } from './queue-conditions.js';

export { fineTuneJobCrd, gpuQueueCrd } from './crd.js';
