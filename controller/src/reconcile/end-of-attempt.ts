import type { ConditionUpdate, FailureReason, FineTuneJob, FineTuneJobStatus } from '../api/index.js';
import { findCondition, waysToFit } from '../api/index.js';
import type { PodObject } from '../pool/index.js';
import { isTerminated } from '../pool/index.js';
import type { Decision } from './decision.js';
import type { JobFacts } from './facts.js';
import { heldGpusPerWorker } from './facts.js';
import type { Gang } from './gang.js';
import type { Failure } from './failure.js';
import { failureReason, isRetryable } from './failure.js';
import { smallerMicroBatch } from './smaller-micro-batch.js';
import { condition, nextStatus, rfc3339 } from './next-status.js';
import { reportedProgress } from './reported-progress.js';
import { resumedFrom } from './resumed-from.js';

/** The status of a job that no longer trains: reports taken over, time accounted for. */
function settled(facts: JobFacts, gang: Gang | undefined): FineTuneJobStatus {
  const { job, training, now } = facts;
  const status = {
    ...job.status,
    ...reportedProgress(job.status ?? {}, training, now),
    ...resumedFrom(job, training, now),
  };
  if (gang === undefined) return status;
  const seconds = Math.max(0, (now - Date.parse(gang.placement.time)) / 1000);
  const gpus = gang.placement.nodes.length * heldGpusPerWorker(facts);
  return {
    ...status,
    workers: { ...status.workers, desired: gang.placement.nodes.length, ready: 0 },
    activeSecondsBefore: (status.activeSecondsBefore ?? 0) + seconds,
    gpuSecondsUsed: (status.gpuSecondsUsed ?? 0) + seconds * gpus,
  };
}

const ENDED: readonly ConditionUpdate[] = [
  condition('WorkersReady', 'False', 'WorkersStopped', ''),
  condition('Training', 'False', 'NotTraining', ''),
  condition('Checkpointing', 'False', 'NotTraining', ''),
];

/** What holds of a job that has ended, however it did: one condition to wait for, and neither quota nor GPUs. */
const finished = (reason: 'Completed' | 'Failed', message: string): readonly ConditionUpdate[] => [
  condition('QuotaReserved', 'False', 'Finished', 'its quota is free again'),
  condition('Admitted', 'False', 'Finished', 'its GPUs are free again'),
  condition('Finished', 'True', reason, message),
];

const alive = (pods: Iterable<PodObject>) =>
  [...pods].filter((pod) => !isTerminated(pod) && pod.metadata.deletionTimestamp === undefined);

/** Jobs that ended under an earlier release have no condition of their end beside Complete and Failed. */
export function finishedSince(job: FineTuneJob): FineTuneJobStatus {
  const { status = {} } = job;
  const { conditions } = status;
  if (findCondition(conditions, 'Finished') !== undefined) return status;
  const ending = (['Complete', 'Failed'] as const)
    .map((type) => findCondition(conditions, type))
    .find((known) => known?.status === 'True');
  if (ending === undefined) return status;
  const reason = ending.type === 'Complete' ? 'Completed' : 'Failed';
  return nextStatus(job, status, finished(reason, ending.message), Date.parse(ending.lastTransitionTime));
}

/** The job reached its end; its workers exit by themselves. */
export function complete(facts: JobFacts, gang: Gang, message: string): Decision {
  const { job, training, now } = facts;
  const { artifacts = [], metrics = [] } = training?.finished ?? {};
  const change: FineTuneJobStatus = {
    ...settled(facts, gang),
    completionTime: rfc3339(now),
    artifacts: artifacts.map(({ format, uri, digest, bytes }) => ({
      format,
      uri,
      bytes,
      ...(digest === '' ? {} : { digest }),
    })),
    evaluation: metrics.map(({ name, base, tuned, examples }) => ({
      metric: name,
      tuned,
      examples,
      ...(base === undefined ? {} : { base }),
    })),
  };
  const updates = [
    ...ENDED,
    ...finished('Completed', message),
    condition('Complete', 'True', 'Finished', message),
  ];
  return { status: nextStatus(job, change, updates, now), lookAgainMs: 1000 };
}

/** The job cannot succeed any more. */
export function fail(facts: JobFacts, gang: Gang, reason: FailureReason, message: string): Decision {
  const { job, now } = facts;
  const change = { ...settled(facts, gang), completionTime: rfc3339(now) };
  const updates = [...ENDED, ...finished('Failed', message), condition('Failed', 'True', reason, message)];
  return {
    status: nextStatus(job, change, updates, now),
    unregister: true,
    deletePods: alive(facts.pods),
  };
}

/** The job gives its GPUs back and waits again; it goes on from its newest checkpoint. */
export function evict(
  facts: JobFacts,
  gang: Gang | undefined,
  reason: 'Suspended' | 'QueueStopped' | 'Preempted' | 'NodeLost' | 'WorkersNotReadyInTime',
  message: string,
): Decision {
  const { job, now } = facts;
  const { placement: _placement, ...before } = settled(facts, gang);
  const evictions = (before.evictions ?? 0) + (reason === 'Suspended' ? 0 : 1);
  const change: FineTuneJobStatus = {
    ...before,
    evictions,
    attempt: (before.attempt ?? 0) + 1,
    gpuSecondsLost: (before.gpuSecondsLost ?? 0) + lostGpuSeconds(facts, gang),
    // A gang that could not get ready is likely not to get ready at once again.
    ...(reason === 'WorkersNotReadyInTime'
      ? { requeueAt: rfc3339(now + Math.min(3_600_000, 60_000 * 2 ** Math.min(evictions - 1, 10))) }
      : {}),
  };
  const updates = [
    ...ENDED,
    condition(
      'QuotaReserved',
      'False',
      reason === 'Suspended' || reason === 'QueueStopped' ? reason : 'PendingEvaluation',
      message,
    ),
    condition('Admitted', 'False', 'NotAdmitted', message),
    condition('Evicted', reason === 'Suspended' ? 'False' : 'True', reason, message),
    ...(reason === 'Suspended' ? [condition('Suspended', 'True', 'Suspended', '')] : []),
  ];
  return {
    status: nextStatus(job, change, updates, now),
    unregister: true,
    deletePods: facts.pods.filter((pod) => pod.metadata.deletionTimestamp === undefined),
  };
}

/**
 * Workers failed. While others go on, only the failed ones are replaced and the newcomers fetch the state from them;
 * otherwise the whole gang starts again from the newest checkpoint. Out of memory it does so once, with a smaller
 * micro-batch.
 */
export function restart(
  facts: JobFacts,
  gang: Gang,
  failure: Failure,
  failed: readonly PodObject[],
): Decision {
  const { job, resolved, now } = facts;
  const restarts = (job.status?.restarts ?? 0) + 1;
  const limit = resolved?.runPolicy.backoffLimit ?? 0;
  const microBatchSize = failure.class === 'OutOfMemory' ? smallerMicroBatch(facts) : undefined;
  if (!isRetryable(failure) && microBatchSize === undefined) {
    const out = failure.class === 'OutOfMemory' && resolved !== undefined ? `; ${waysToFit(resolved)}` : '';
    return fail(facts, gang, failureReason(failure), `${failure.message}${out}`);
  }
  if (restarts > limit)
    return fail(facts, gang, failureReason(failure), `${failure.message}; it was tried again ${limit} times`);
  const survivors = [...gang.workers.values()].filter((pod) => !failed.includes(pod) && !isTerminated(pod));
  // All workers of a group compute the same micro-batches.
  const whole = survivors.length === 0 || microBatchSize !== undefined;
  const told =
    microBatchSize === undefined
      ? failure.message
      : `${failure.message}; goes on with training.microBatchSize ${microBatchSize}`;
  const change: FineTuneJobStatus = {
    ...job.status,
    ...reportedProgress(job.status ?? {}, facts.training, now),
    restarts,
    ...(microBatchSize === undefined ? {} : { microBatchSize }),
    lastFailure: { reason: failure.class, message: told.slice(0, 1024), time: rfc3339(now) },
    ...(whole
      ? {
          attempt: gang.attempt + 1,
          gpuSecondsLost: (job.status?.gpuSecondsLost ?? 0) + lostGpuSeconds(facts, gang),
        }
      : {}),
  };
  const updates = [
    condition('WorkersReady', 'False', 'WorkerFailed', told),
    ...(whole ? [condition('Training', 'False', 'NotTraining', told)] : []),
  ];
  return {
    status: nextStatus(job, change, updates, now),
    unregister: whole,
    deletePods: (whole ? [...gang.workers.values()] : failed).filter(
      (pod) => pod.metadata.deletionTimestamp === undefined,
    ),
  };
}

/** GPU-seconds since the newest checkpoint of this attempt, or since its start. */
export function lostGpuSeconds(facts: JobFacts, gang: Gang | undefined): number {
  const { job, training, now } = facts;
  if (gang === undefined || (training?.generation ?? 0) === 0) return 0;
  const start = Date.parse(gang.placement.time);
  const saved = Date.parse(job.status?.checkpoint?.time ?? '') || start;
  const seconds = Math.max(0, (now - Math.max(start, saved)) / 1000);
  return seconds * gang.placement.nodes.length * heldGpusPerWorker(facts);
}
