import { Finished_Outcome } from '@tuneyard/proto';
import type { ConditionUpdate, FineTuneJobStatus } from '../api/index.js';
import { findCondition, isTrue, WORKER_INDEX_LABEL } from '../api/index.js';
import { isTerminated } from '../pool/index.js';
import type { Decision } from './decision.js';
import { complete, evict, fail, restart } from './end-of-attempt.js';
import type { JobFacts } from './facts.js';
import type { Gang } from './gang.js';
import { gangOf } from './gang.js';
import { podFailure, reportedFailure } from './failure.js';
import { condition, nextStatus } from './next-status.js';
import { reportedProgress } from './reported-progress.js';
import { resizeGang } from './resize-gang.js';
import type { WorkerPlan } from './worker-pod.js';

/** Once all workers ended well, their report may still be on its way for this long. */
const REPORT_GRACE_MS = 5_000;

/** A job that holds GPUs: start its workers, follow them, and see when it is over. */
export function decideRunning(facts: JobFacts): Decision {
  const { job, training, now } = facts;
  const gang = gangOf(facts);
  if (gang === undefined)
    return evict(facts, undefined, 'NodeLost', 'the placement is missing from the status');

  const finished = training?.finished;
  if (finished?.outcome === Finished_Outcome.OUTCOME_COMPLETE)
    return complete(facts, gang, 'training is complete');
  if (finished?.outcome === Finished_Outcome.OUTCOME_FAILED) {
    return restart(facts, gang, reportedFailure(finished.reason, finished.message), [
      ...gang.workers.values(),
    ]);
  }
  // One that is being deleted was told to end: another takes its place.
  const succeeded = [...gang.workers.values()].filter(
    (pod) => pod.status?.phase === 'Succeeded' && pod.metadata.deletionTimestamp === undefined,
  );
  const allSucceeded = succeeded.length === gang.placement.nodes.length;
  if (facts.eviction !== undefined) {
    // A job that reached its end meanwhile frees its GPUs anyway: running it again would be for nothing.
    if (allSucceeded && hasTakenLastStep(facts)) return awaitReport(facts, gang);
    return giveBack(facts, gang, facts.eviction);
  }

  const deadline = deadlineOf(facts, gang);
  if (deadline <= now) {
    return fail(
      facts,
      gang,
      'DeadlineExceeded',
      `held GPUs for longer than activeDeadlineSeconds ${facts.resolved?.runPolicy.activeDeadlineSeconds}`,
    );
  }
  const lost = gang.placement.nodes.find((node) => facts.lostNodes.has(node));
  if (lost !== undefined) return evict(facts, gang, 'NodeLost', `node ${lost} is gone`);

  const failed = [...gang.workers.values()].filter(
    (pod) => podFailure(pod) !== undefined && pod.metadata.deletionTimestamp === undefined,
  );
  const failure = failed.map(podFailure).find((found) => found !== undefined);
  if (failure !== undefined) return restart(facts, gang, failure, failed);

  if (allSucceeded) return awaitReport(facts, gang);

  const readyBy =
    Date.parse(gang.placement.time) + (facts.resolved?.runPolicy.workersReadySeconds ?? 600) * 1000;
  const started = (training?.generation ?? 0) > 0;
  if (!started && readyBy <= now && job.status?.progress === undefined) {
    const ready = training?.members.filter((member) => member.ready).length ?? 0;
    return evict(
      facts,
      gang,
      'WorkersNotReadyInTime',
      `${ready} of ${gang.placement.nodes.length} workers were ready in time`,
    );
  }
  if (facts.resize !== undefined && started) return resizeGang(facts, gang, facts.resize.nodes);
  return keepRunning(facts, gang, [deadline, ...(started ? [] : [readyBy])]);
}

function keepRunning(facts: JobFacts, gang: Gang, times: readonly number[]): Decision {
  const { job, training, resolved, now } = facts;
  const desired = gang.placement.nodes.length;
  const ready = training?.members.filter((member) => member.ready).length ?? 0;
  const started = (training?.generation ?? 0) > 0;
  const updates: ConditionUpdate[] = [readiness(facts, ready, desired)];
  if (started) updates.push(condition('Training', 'True', 'Training', `generation ${training?.generation}`));
  const change: FineTuneJobStatus = {
    ...job.status,
    ...reportedProgress(job.status ?? {}, training, now),
    workers: {
      ...job.status?.workers,
      desired,
      ready,
      ...(started ? { generation: training?.generation ?? 0 } : {}),
    },
  };
  const retryAt = retryTime(job.status);
  const createPods: WorkerPlan[] = [];
  const names = new Set(facts.pods.map((pod) => pod.metadata.labels?.[WORKER_INDEX_LABEL]));
  // Workers of an earlier attempt must be gone before their successors are let in.
  const cleared = gang.stale.length === 0;
  // A spec that was changed into one that cannot be used makes no pods; those that are there go on.
  if (cleared && retryAt <= now && resolved !== undefined) {
    gang.placement.nodes.forEach((node, index) => {
      if (names.has(String(index))) return;
      const { resource } = gang.placement;
      createPods.push({
        index,
        node,
        resource,
        gpus: resolved.workers.gpusPerWorker,
        attempt: gang.attempt,
        graceSeconds: resolved.runPolicy.checkpointGraceSeconds,
        hostBytes: resolved.memory?.hostBytes,
      });
    });
  }
  const looks = [...times, ...(retryAt > now ? [retryAt] : [])].filter(Number.isFinite);
  return {
    status: nextStatus(job, change, updates, now),
    ...(cleared ? { register: { expectedWorkers: desired, fresh: gang.workers.size === 0 } } : {}),
    deletePods: gang.stale.filter((pod) => pod.metadata.deletionTimestamp === undefined),
    createPods,
    ...(looks.length === 0 ? {} : { lookAgainMs: Math.max(0, Math.min(...looks) - now) }),
  };
}

function readiness({ invalid }: JobFacts, ready: number, desired: number): ConditionUpdate {
  if (ready >= desired)
    return condition('WorkersReady', 'True', 'WorkersReady', `all ${desired} workers are ready`);
  const count = `${ready} of ${desired} workers are ready`;
  return invalid === undefined
    ? condition('WorkersReady', 'False', 'WaitingForWorkers', count)
    : condition('WorkersReady', 'False', 'InvalidSpec', `${count}; none are started: ${invalid}`);
}

function hasTakenLastStep({ job, training, now }: JobFacts): boolean {
  const { progress } = { ...job.status, ...reportedProgress(job.status ?? {}, training, now) };
  return progress?.totalSteps !== undefined && (progress.step ?? 0) >= progress.totalSteps;
}

/** All pods succeeded; the coordinator normally knows why. */
function awaitReport(facts: JobFacts, gang: Gang): Decision {
  const { job, now } = facts;
  const known = findCondition(job.status?.conditions, 'WorkersReady');
  const stoppedAt = known?.reason === 'WorkersStopped' ? Date.parse(known.lastTransitionTime) : now;
  const change = { ...job.status, ...reportedProgress(job.status ?? {}, facts.training, now) };
  if (known?.reason === 'WorkersStopped' && now - stoppedAt >= REPORT_GRACE_MS) {
    const { step = 0, totalSteps } = change.progress ?? {};
    if (totalSteps !== undefined && step >= totalSteps)
      return complete(facts, gang, 'all workers ended well; their report was not heard');
    // They were told to end, by a signal that is not ours, and have written a checkpoint.
    const message = `all workers ended, but after step ${step} of ${totalSteps ?? 'an unknown number'}`;
    return restart(facts, gang, { class: 'Infrastructure', message }, [...gang.workers.values()]);
  }
  const updates = [condition('WorkersReady', 'False', 'WorkersStopped', 'all workers ended well')];
  return { status: nextStatus(job, change, updates, now), lookAgainMs: REPORT_GRACE_MS + 1000 };
}

/** Ask for a checkpoint, wait for the workers to end, then let the GPUs go. */
function giveBack(facts: JobFacts, gang: Gang, eviction: NonNullable<JobFacts['eviction']>): Decision {
  const { job, now, resolved } = facts;
  const asked = findCondition(job.status?.conditions, 'Checkpointing');
  const askedAt = asked?.status === 'True' ? Date.parse(asked.lastTransitionTime) : now;
  const grace = (resolved?.runPolicy.checkpointGraceSeconds ?? 120) * 1000;
  const running = [...gang.workers.values()].filter((pod) => !isTerminated(pod));
  // Workers that never were a group have nothing to save, and could not answer before they are one.
  const hasBegun = (facts.training?.generation ?? 0) > 0 || isTrue(job.status?.conditions, 'Training');
  if (running.length === 0 || !hasBegun || now - askedAt >= grace)
    return evict(facts, gang, eviction.reason, eviction.message);
  const change = { ...job.status, ...reportedProgress(job.status ?? {}, facts.training, now) };
  const updates = [condition('Checkpointing', 'True', 'CheckpointRequested', eviction.message)];
  return {
    status: nextStatus(job, change, updates, now),
    register: { expectedWorkers: gang.placement.nodes.length, fresh: false },
    stop: { reason: eviction.message, checkpoint: true },
    lookAgainMs: Math.max(0, askedAt + grace - now),
  };
}

/** Milliseconds since the epoch at which the job has held GPUs for too long, over all attempts. */
function deadlineOf({ job, resolved }: JobFacts, { placement }: Gang): number {
  const limit = resolved?.runPolicy.activeDeadlineSeconds;
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  return Date.parse(placement.time) + (limit - (job.status?.activeSecondsBefore ?? 0)) * 1000;
}

/** The first failure is tried again at once, later ones after 5 s, 10 s, … up to 5 minutes. */
function retryTime(status: FineTuneJobStatus | undefined): number {
  const restarts = status?.restarts ?? 0;
  if (status?.lastFailure === undefined || restarts < 2) return 0;
  return Date.parse(status.lastFailure.time) + Math.min(300_000, 5_000 * 2 ** Math.min(restarts - 2, 10));
}
