import { z } from 'zod';
import { documented, instant, integer, text } from './schema.js';

/** What can be said of a job, each true, false or unknown. */
export const JOB_CONDITION_TYPES = [
  'QuotaReserved',
  'Admitted',
  'WorkersReady',
  'Training',
  'Checkpointing',
  'Evicted',
  'Suspended',
  'Complete',
  'Failed',
  'Finished',
] as const;
export type JobConditionType = (typeof JOB_CONDITION_TYPES)[number];

/** Why a job waits, most general first. The ones of {@link IMPOSSIBLE_REASONS} do not go away by waiting. */
export const WAITING_REASONS = [
  'Suspended',
  'InvalidSpec',
  'QueueNotFound',
  'NamespaceNotAllowed',
  'PriorityNotAllowed',
  'QueueStopped',
  'NoMatchingFlavor',
  'ExceedsQuota',
  'ExceedsPool',
  'InsufficientMemory',
  'BackingOff',
  'BehindInQueue',
  'WaitingForQuota',
  'WaitingForCapacity',
  'Fragmented',
  'WaitingForRelease',
  'PendingEvaluation',
] as const;
export type WaitingReason = (typeof WAITING_REASONS)[number];

/** Waiting does not help: the job, the queue or the pool must change. */
export const IMPOSSIBLE_REASONS: readonly WaitingReason[] = [
  'InvalidSpec',
  'QueueNotFound',
  'NamespaceNotAllowed',
  'PriorityNotAllowed',
  'NoMatchingFlavor',
  'ExceedsQuota',
  'ExceedsPool',
  'InsufficientMemory',
];

/** Until its owner or an administrator changes something, the job cannot be admitted: it has no place in its queue. */
export const isInadmissible = (reason: WaitingReason): boolean =>
  reason === 'Suspended' || IMPOSSIBLE_REASONS.includes(reason);

/** Why a job ended without success. */
export const FAILURE_REASONS = [
  'InvalidSpec',
  'UserError',
  'DataError',
  'OutOfMemory',
  'Diverged',
  'BackoffLimitExceeded',
  'DeadlineExceeded',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** Every reason that a condition of a job can carry. */
export const JOB_REASONS = [
  ...new Set([
    ...WAITING_REASONS,
    ...FAILURE_REASONS,
    'QuotaReserved',
    'Admitted',
    'NotAdmitted',
    'WorkersReady',
    'WaitingForWorkers',
    'WorkerRefused',
    'WorkerUnschedulable',
    'WorkerNotStarting',
    'WorkerNameTaken',
    'WorkersStopped',
    'Training',
    'NotTraining',
    'CheckpointRequested',
    'CheckpointDone',
    'WorkerFailed',
    'WorkersNotReadyInTime',
    'NodeLost',
    'Preempted',
    'NotEvicted',
    'NotSuspended',
    'Finished',
    'Completed',
    'CoordinatorUnreachable',
    'LoadingInputs',
    'Failed',
  ] as const),
] as const;
export type JobReason =
  | WaitingReason
  | FailureReason
  | 'QuotaReserved'
  | 'Admitted'
  | 'NotAdmitted'
  | 'WorkersReady'
  | 'WaitingForWorkers'
  | 'WorkerRefused'
  | 'WorkerUnschedulable'
  | 'WorkerNotStarting'
  | 'WorkerNameTaken'
  | 'WorkersStopped'
  | 'Training'
  | 'NotTraining'
  | 'CheckpointRequested'
  | 'CheckpointDone'
  | 'WorkerFailed'
  | 'WorkersNotReadyInTime'
  | 'NodeLost'
  | 'Preempted'
  | 'NotEvicted'
  | 'NotSuspended'
  | 'Finished'
  | 'Completed'
  | 'CoordinatorUnreachable'
  | 'LoadingInputs'
  | 'Failed';

const MAX_MESSAGE = 1024;

/** metav1.Condition; the type stays a plain string so that an older controller can read a newer object. */
export const conditionSchema = documented('One thing that is known of the object.', {
  type: text('What it is about.', 316),
  status: z.enum(['True', 'False', 'Unknown']).meta({ description: 'Whether it holds.' }),
  reason: text('Why, in one word of a closed list.', 1024),
  message: text('Why, in words.', 32768),
  lastTransitionTime: instant('When status changed last.'),
  observedGeneration: integer(
    'metadata.generation that this was decided for.',
    0,
    Number.MAX_SAFE_INTEGER,
  ).optional(),
});
export type Condition = z.output<typeof conditionSchema>;

/** A condition before it is merged into a list, which knows when it changed last. */
export interface ConditionUpdate {
  readonly type: JobConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: JobReason;
  readonly message: string;
}

/**
 * Merges updates into conditions: lastTransitionTime moves only when status does, other types are kept. The
 * order is kept and new types come last, as server-side apply merges a keyed list, so that equal stays equal.
 * @param now RFC 3339
 */
export function mergeConditions(
  conditions: readonly Condition[],
  updates: readonly ConditionUpdate[],
  observedGeneration: number,
  now: string,
): Condition[] {
  const merged = new Map(conditions.map((condition) => [condition.type, condition]));
  for (const update of updates) {
    const before = merged.get(update.type);
    merged.set(update.type, {
      ...update,
      message: update.message.slice(0, MAX_MESSAGE),
      lastTransitionTime: before?.status === update.status ? before.lastTransitionTime : now,
      observedGeneration,
    });
  }
  return [...merged.values()];
}

export const findCondition = (conditions: readonly Condition[] | undefined, type: JobConditionType) =>
  conditions?.find((condition) => condition.type === type);

export const isTrue = (conditions: readonly Condition[] | undefined, type: JobConditionType) =>
  findCondition(conditions, type)?.status === 'True';

export const PHASES = [
  'Queued',
  'Unschedulable',
  'Suspended',
  'Starting',
  'Training',
  'Checkpointing',
  'Complete',
  'Failed',
] as const;
export type Phase = (typeof PHASES)[number];

/** One word for a person, derived from the conditions and from nothing else. */
export function derivePhase(conditions: readonly Condition[]): Phase {
  if (isTrue(conditions, 'Complete')) return 'Complete';
  if (isTrue(conditions, 'Failed')) return 'Failed';
  if (isTrue(conditions, 'Suspended')) return 'Suspended';
  if (isTrue(conditions, 'Admitted')) {
    if (isTrue(conditions, 'Checkpointing')) return 'Checkpointing';
    // Of workers that are not heard of it is not known that they stopped.
    return (findCondition(conditions, 'Training')?.status ?? 'False') === 'False' ? 'Starting' : 'Training';
  }
  const waits = findCondition(conditions, 'QuotaReserved')?.reason;
  return IMPOSSIBLE_REASONS.some((reason) => reason === waits) ? 'Unschedulable' : 'Queued';
}
