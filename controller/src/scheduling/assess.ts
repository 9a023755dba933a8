import type { QueueState } from '../queueing/index.js';
import type { CycleState, Refusal } from './cycle-state.js';
import { endIfStarted } from './estimates.js';
import { insufficientMemory } from './memory-shortage.js';
import type { PlaceRequest } from './place.js';
import type { Admission } from './plan.js';
import { neverEnough, shortageOf } from './shortage.js';
import type { PendingJob } from './snapshot.js';

/** What one job could get now. */
export type Verdict =
  | { readonly admission: Admission }
  | {
      readonly admission?: undefined;
      /** The first flavor that it could have later; undefined when no waiting helps. */
      readonly later: string | undefined;
      /** There are not GPUs enough, whatever the queue's quota says. */
      readonly lacksRoom: boolean;
      readonly refusal: Refusal;
    };

type FlavorVerdict = { readonly admission: Admission } | FlavorRefusal;

type FlavorRefusal = Refusal & {
  readonly admission?: undefined;
  /** However long it waits. */
  readonly impossible: boolean;
  readonly lacksRoom: boolean;
};

/** Tries the flavors of a job in its order, for the smallest gang. Takes nothing. */
export function assess(state: CycleState, job: PendingJob, queue: QueueState): Verdict {
  const flavors = job.flavors ?? queue.quotas.map(({ flavor }) => flavor);
  const refusals: { readonly flavor: string; readonly verdict: FlavorRefusal }[] = [];
  for (const flavor of flavors) {
    const verdict = impossibility(state, job, queue, flavor) ?? assessFlavor(state, job, queue, flavor);
    if (verdict.admission !== undefined) return verdict;
    refusals.push({ flavor, verdict });
  }
  // Nodes that refused it before are tried once it fits nowhere else.
  if ((job.avoidNodes ?? []).length > 0) return assess(state, { ...job, avoidNodes: [] }, queue);
  const largestGangThatFits = Math.max(0, ...refusals.map(({ verdict }) => verdict.largestGangThatFits));
  // A flavor that the job can have later says more than one that it can never have.
  const later = refusals.find(({ verdict }) => !verdict.impossible);
  const best = later ?? refusals.find(({ verdict }) => verdict.reason !== 'NoMatchingFlavor') ?? refusals[0];
  const { reason, message } = best?.verdict ?? {
    reason: 'NoMatchingFlavor' as const,
    message: `queue ${queue.name} has no quota for any GPU`,
  };
  const lacksRoom = refusals.every(({ verdict }) => verdict.lacksRoom);
  return { later: later?.flavor, lacksRoom, refusal: { reason, message, largestGangThatFits } };
}

/** Why the job can never have GPUs of the flavor, however long it waits; undefined when it can. */
export function impossibility(
  state: CycleState,
  job: PendingJob,
  queue: QueueState,
  flavor: string,
): FlavorRefusal | undefined {
  const { min, gpusPerWorker: each } = job;
  const never = (reason: Refusal['reason'], message: string) => ({
    impossible: true,
    lacksRoom: reason === 'ExceedsPool' || reason === 'InsufficientMemory',
    reason,
    message,
    largestGangThatFits: 0,
  });
  const quota = state.ledger.view(queue.name, flavor);
  if (quota === undefined) return never('NoMatchingFlavor', `queue ${queue.name} has no quota for ${flavor}`);
  const smallest = min * each;
  if (quota.ceiling < smallest) {
    return never(
      'ExceedsQuota',
      `needs ${asked(job, flavor)}, but queue ${queue.name} may never use more than ${quota.ceiling}: lower workers.min or raise the quota`,
    );
  }
  const { total, mostWorkersEver } = state.free.view(flavor, job);
  if (mostWorkersEver >= min) return undefined;
  const anyHost = state.free.view(flavor, { ...job, requests: undefined }).mostWorkersEver;
  if (anyHost >= min)
    return never('ExceedsPool', `needs ${asked(job, flavor)}, but ${neverEnough(state, job, flavor)}`);
  const { bytesPerGpu } = job;
  const anyMemory = { ...job, requests: undefined, bytesPerGpu: undefined };
  if (bytesPerGpu !== undefined && state.free.view(flavor, anyMemory).mostWorkersEver >= min)
    return never('InsufficientMemory', insufficientMemory(state, { ...job, bytesPerGpu }, flavor));
  const why =
    total < smallest
      ? `the pool has only ${total} that suit it`
      : `only ${mostWorkersEver} worker${mostWorkersEver === 1 ? '' : 's'} fit on the nodes of the pool`;
  return never('ExceedsPool', `needs ${asked(job, flavor)}, but ${why}`);
}

function assessFlavor(state: CycleState, job: PendingJob, queue: QueueState, flavor: string): FlavorVerdict {
  const { min, max, gpusPerWorker: each } = job;
  const until = endIfStarted(job, min, state.now);
  const quota = state.ledger.view(queue.name, flavor, until);
  const byQuota = Math.floor((quota?.available ?? 0) / each);
  const { needs: place, topology, bytesPerGpu, requests, avoidNodes } = job;
  const request: PlaceRequest = {
    flavor,
    gpusPerWorker: each,
    needs: place,
    topology,
    bytesPerGpu,
    requests,
    avoidNodes,
    until,
  };
  const room = state.free.mostWorkers(request, max);
  const fits = Math.min(room, byQuota);
  if (fits >= min) {
    const placed = state.free.place(request, min);
    if (placed !== undefined) return { admission: { key: job.key, flavor, ...placed } };
  }
  const refuse = (reason: Refusal['reason'], message: string) => ({
    impossible: false,
    lacksRoom: room < min,
    reason,
    message,
    largestGangThatFits: fits,
  });
  const smallest = min * each;
  const needs = `needs ${asked(job, flavor)}`;
  if (byQuota < min) {
    const { available = 0, used = 0, nominal = 0 } = quota ?? {};
    const lent = queue.cohort === undefined ? '' : ` and of what cohort ${queue.cohort} lends`;
    const unheld = state.ledger.view(queue.name, flavor)?.available ?? 0;
    const short =
      unheld >= smallest && state.reservations.length > 0
        ? `the rest is kept for ${state.reservations[0]?.key}`
        : `${smallest - available} short`;
    return refuse(
      'WaitingForQuota',
      `${needs}, but queue ${queue.name} may use ${available} more: ${used} in use of ${nominal} nominal${lent}; ${short}`,
    );
  }
  const { free, total } = state.free.view(flavor, job);
  const suiting = total < (state.free.flavor(flavor)?.total ?? 0) ? `${total} that suit it` : `${total}`;
  if (free < smallest) {
    return refuse(
      'WaitingForCapacity',
      `${needs}, but ${free} of ${suiting} are free; ${smallest - free} short`,
    );
  }
  const now = { ...request, until: Number.NEGATIVE_INFINITY };
  const shortage = shortageOf(state, now, min);
  if (shortage !== undefined)
    return refuse('WaitingForCapacity', `${needs}; ${free} of ${suiting} are free, but ${shortage}`);
  const anyTime = state.free.mostWorkers(now, min);
  if (anyTime >= min && state.reservations.length > 0) {
    const [first] = state.reservations;
    return refuse(
      'WaitingForCapacity',
      `${needs}; ${free} of ${suiting} are free, but kept for ${first?.key}`,
    );
  }
  const where =
    job.topology?.mode === 'required' ? `within one ${job.topology.level}` : 'on the nodes where they are';
  return refuse(
    'Fragmented',
    `${needs}; ${free} of ${suiting} are free, but only ${anyTime} worker${anyTime === 1 ? '' : 's'} fit ${where}`,
  );
}

const asked = ({ min, gpusPerWorker }: PendingJob, flavor: string) =>
  `${min * gpusPerWorker} ${flavor} (${min} worker${min === 1 ? '' : 's'} of ${gpusPerWorker})`;
