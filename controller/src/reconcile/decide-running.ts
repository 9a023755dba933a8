import { Finished_Outcome } from '@tuneyard/proto';
import type { ConditionUpdate, FineTuneJobStatus } from '../api/index.js';
import { findCondition } from '../api/index.js';
import { isTerminated } from '../pool/index.js';
import type { Decision } from './decision.js';
import { complete, evict, fail, restart } from './end-of-attempt.js';
import type { JobFacts } from './facts.js';
import { heldGpusPerWorker } from './facts.js';
import type { Gang } from './gang.js';
import { gangOf } from './gang.js';
import { isDisrupted, isRetryable, podFailure, reportedFailure } from './failure.js';
import { giveBack } from './give-back.js';
import { giveUpOn, isOtherNodeOfUse, notReadyInTime } from './give-up-workers.js';
import { clearAway, describeLost, lostWorkers, recordLost } from './lost-workers.js';
import { describeObstacles, givenUpAt, hasBegun, obstaclesOf, reasonOf } from './obstacles.js';
import { triedAgainAt } from './pod-refusals.js';
import { isSilent } from './pod-warning.js';
import { whySilent } from './silent-workers.js';
import type { Obstacle } from './why-not-ready.js';
import { condition, nextStatus } from './next-status.js';
import { reportedProgress } from './reported-progress.js';
import { resumedFrom } from './resumed-from.js';
import { resizeGang } from './resize-gang.js';
import { workerName } from './worker-name.js';
import type { WorkerPlan } from './worker-pod.js';

/** Once all workers ended well, their report may still be on its way for this long. */
const REPORT_GRACE_MS = 5_000;
const REPORT_LOOK_MS = 500;
/** While workers are missing for reasons that no watch tells. */
const LOOK_MS = 5_000;

/** A job that holds GPUs: start its workers, follow them, and see when it is over. */
export function decideRunning(facts: JobFacts): Decision {
  const { training, now } = facts;
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
  const gone = lostWorkers(facts, gang);
  const obstacles = obstaclesOf(facts, gang, gone);
  const stuck = obstacles.filter((obstacle) => givenUpAt(obstacle, facts) <= now);
  const moved = hasBegun(facts) ? stuck.filter(isOtherNodeOfUse) : [];
  const lost = [...gone, ...moved.map(({ index }) => index)].sort((a, b) => a - b);
  const allSucceeded = succeeded.length > 0 && succeeded.length + lost.length === gang.placement.nodes.length;
  if (facts.eviction !== undefined) {
    // A job that reached its end meanwhile frees its GPUs anyway: running it again would be for nothing.
    if (allSucceeded && hasTakenLastStep(facts)) return awaitReport(facts, gang);
    return giveBack(facts, gang, lost, facts.eviction);
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
  const given = giveUpOn(facts, gang, { lost, obstacles, stuck });
  if (given !== undefined) return given;
  const failed = [...gang.workers].flatMap(([index, pod]) => {
    const failure = podFailure(pod);
    const counts =
      failure !== undefined &&
      !lost.includes(index) &&
      !obstacles.some((obstacle) => obstacle.index === index) &&
      !(isRetryable(failure) && isDisrupted(pod));
    return counts && pod.metadata.deletionTimestamp === undefined ? [{ pod, failure }] : [];
  });
  const [first] = failed;
  if (first !== undefined)
    return restart(
      facts,
      gang,
      first.failure,
      failed.map(({ pod }) => pod),
    );

  if (allSucceeded) return awaitReport(facts, gang);

  const readyBy =
    Date.parse(gang.placement.time) + (facts.resolved?.runPolicy.workersReadySeconds ?? 600) * 1000;
  const started = (training?.generation ?? 0) > 0;
  // After a restart of the controller, workers that train come back to it.
  if (!hasBegun(facts) && readyBy <= now) return notReadyInTime(facts, gang, obstacles);
  const { nodes, lost: known = [] } = gang.placement;
  const isResized = facts.resize !== undefined && facts.resize.nodes.join() !== nodes.join();
  if (facts.resize !== undefined && isResized && (started || known.length > 0))
    return resizeGang(facts, gang, facts.resize.nodes);
  if (lost.join() !== known.join()) return recordLost(facts, gang, lost, moved);
  const looks = obstacles.map((obstacle) => givenUpAt(obstacle, facts));
  return keepRunning(facts, gang, { lost, obstacles }, [deadline, ...looks, ...(started ? [] : [readyBy])]);
}

function keepRunning(
  facts: JobFacts,
  gang: Gang,
  { lost, obstacles }: Missing,
  times: readonly number[],
): Decision {
  const { job, training, resolved, now } = facts;
  const desired = gang.placement.nodes.length;
  const ready = training?.members.filter((member) => member.ready).length ?? 0;
  const started = (training?.generation ?? 0) > 0;
  const isExplained = lost.length > 0 || obstacles.length > 0 || ready >= desired;
  const silent = isExplained ? undefined : whySilent(facts, gang);
  const updates: ConditionUpdate[] = [readiness(facts, gang, { lost, obstacles, silent }, ready)];
  // They may well go on without it.
  if (silent?.reason === 'CoordinatorUnreachable' && hasBegun(facts))
    updates.push(condition('Training', 'Unknown', silent.reason, silent.message));
  if (started) updates.push(condition('Training', 'True', 'Training', trainingMessage(facts, gang)));
  const change: FineTuneJobStatus = {
    ...job.status,
    ...reportedProgress(job.status ?? {}, training, now),
    ...resumedFrom(job, training, now),
    workers: {
      ...job.status?.workers,
      desired,
      ready,
      ...(started ? { generation: training?.generation ?? 0 } : {}),
    },
  };
  const retryAt = retryTime(job.status);
  const createPods: WorkerPlan[] = [];
  const names = new Set(facts.pods.map((pod) => pod.metadata.name));
  // Workers of an earlier attempt must be gone before their successors are let in.
  const cleared = gang.stale.length === 0;
  // A spec that was changed into one that cannot be used makes no pods; those that are there go on.
  if (cleared && retryAt <= now && resolved !== undefined) {
    gang.placement.nodes.forEach((node, index) => {
      const isThere = names.has(workerName(job.metadata.name, index));
      if (isThere || lost.includes(index) || facts.foreign?.has(index) === true) return;
      const refusal = facts.refusals?.get(index);
      if (refusal !== undefined && now < triedAgainAt(refusal)) return;
      const { resource } = gang.placement;
      createPods.push({
        index,
        node,
        resource,
        gpus: heldGpusPerWorker(facts),
        attempt: gang.attempt,
        graceSeconds: resolved.runPolicy.checkpointGraceSeconds,
        hostBytes: resolved.memory?.hostBytes,
      });
    });
  }
  const tries = [...(facts.refusals ?? [])].map(([, refusal]) => triedAgainAt(refusal));
  const looks = [...times, ...tries, retryAt].filter((time) => Number.isFinite(time) && time > now);
  // No watch tells of a pod that is not of the job, nor of time that passes over one that does not start.
  const isSlow = (!started && gang.workers.size > 0) || [...gang.workers.values()].some(isSilent);
  if (isSlow || obstacles.length > 0) looks.push(now + LOOK_MS);
  return {
    status: nextStatus(job, change, updates, now),
    // Those that have no node yet are not waited for.
    ...(cleared
      ? { register: { expectedWorkers: desired - lost.length, fresh: gang.workers.size === 0 } }
      : {}),
    ...clearAway(facts, [
      ...gang.stale,
      ...gang.misplaced,
      ...[...gang.workers]
        .filter(([index, pod]) => lost.includes(index) || (isDisrupted(pod) && isTerminated(pod)))
        .map(([, pod]) => pod),
    ]),
    createPods,
    ...(looks.length === 0 ? {} : { lookAgainMs: Math.min(...looks) - now }),
  };
}

/** Changes with the number of workers alone: dealing anew, and every step, would cost a write. */
function trainingMessage(facts: JobFacts, { placement: { nodes, flavor } }: Gang): string {
  const { job, training } = facts;
  const gpus = nodes.length * heldGpusPerWorker(facts);
  const start = `${nodes.length === 1 ? '1 worker trains' : `${nodes.length} workers train`} on ${gpus} ${flavor} from step `;
  const known = findCondition(job.status?.conditions, 'Training');
  if (known?.status === 'True' && known.message.startsWith(start)) return known.message;
  return `${start}${training?.progress?.step ?? training?.resumedFrom?.step ?? job.status?.progress?.step ?? 0}`;
}

/** Workers that are not there, and why. */
interface Missing {
  readonly lost: readonly number[];
  readonly obstacles: readonly Obstacle[];
  readonly silent?: ReturnType<typeof whySilent>;
}

function readiness(
  { invalid, job }: JobFacts,
  { placement: { nodes } }: Gang,
  { lost, obstacles, silent }: Missing,
  ready: number,
): ConditionUpdate {
  const desired = nodes.length;
  if (ready >= desired)
    return condition(
      'WorkersReady',
      'True',
      'WorkersReady',
      desired === 1 ? 'its worker is ready' : `all ${desired} workers are ready`,
    );
  const count = `${ready} of ${desired} ${desired === 1 ? 'worker is' : 'workers are'} ready`;
  if (invalid !== undefined)
    return condition('WorkersReady', 'False', 'InvalidSpec', `${count}; none are started: ${invalid}`);
  if (silent !== undefined)
    return condition('WorkersReady', 'False', silent.reason, `${count}; ${silent.message}`);
  const why = obstacles.length === 0 ? '' : `; ${describeObstacles(obstacles)}`;
  return lost.length > 0
    ? condition(
        'WorkersReady',
        'False',
        'NodeLost',
        `${count}: ${describeLost(nodes, lost, job.status)}${why}`,
      )
    : condition('WorkersReady', 'False', reasonOf(obstacles), `${count}${why}`);
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
  return {
    status: nextStatus(job, change, updates, now),
    // A controller before this one may have heard it: its coordinator wrote it down.
    register: { expectedWorkers: gang.placement.nodes.length, fresh: false },
    lookAgainMs: REPORT_LOOK_MS,
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
