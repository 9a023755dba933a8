import type { QueueState } from '../queueing/index.js';
import type { CycleState, Refusal } from './cycle-state.js';
import { endIfStarted } from './estimates.js';
import type { PlaceRequest } from './place.js';
import type { Admission } from './plan.js';
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
  const { min, gpusPerWorker: each, needs, bytesPerGpu } = job;
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
  const capacity = state.free.view({ flavor, gpusPerWorker: each, needs, bytesPerGpu });
  if (capacity.mostWorkersEver >= min) return undefined;
  if (bytesPerGpu !== undefined) {
    const anyMemory = state.free.view({ flavor, gpusPerWorker: each, needs });
    if (anyMemory.mostWorkersEver >= min) {
      return never(
        'InsufficientMemory',
        `needs ${gib(bytesPerGpu)} on each GPU, but ${flavor} has ${gib(state.free.mostMemory(flavor))}: ${job.waysToFit ?? 'use a method or micro-batch that needs less'}, or name another flavor`,
      );
    }
  }
  const why =
    capacity.total < smallest
      ? `the pool has only ${capacity.total} that suit it`
      : `only ${capacity.mostWorkersEver} workers fit on the nodes of the pool`;
  return never('ExceedsPool', `needs ${asked(job, flavor)}, but ${why}`);
}

function assessFlavor(state: CycleState, job: PendingJob, queue: QueueState, flavor: string): FlavorVerdict {
  const { min, max, gpusPerWorker: each } = job;
  const until = endIfStarted(job, min, state.now);
  const quota = state.ledger.view(queue.name, flavor, until);
  const byQuota = Math.floor((quota?.available ?? 0) / each);
  const { needs: place, topology, bytesPerGpu } = job;
  const request: PlaceRequest = { flavor, gpusPerWorker: each, needs: place, topology, bytesPerGpu, until };
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
    const { available = 0, used = 0, nominal = 0 } = state.ledger.view(queue.name, flavor, until) ?? {};
    const lent = queue.cohort === undefined ? '' : ` and of what cohort ${queue.cohort} lends`;
    return refuse(
      'WaitingForQuota',
      `${needs}, but queue ${queue.name} may use ${available} more: ${used} in use of ${nominal} nominal${lent}; ${smallest - available} short`,
    );
  }
  const { free, total } = state.free.view(request);
  if (free < smallest) {
    return refuse(
      'WaitingForCapacity',
      `${needs}, but ${free} of ${total} are free; ${smallest - free} short`,
    );
  }
  const anyTime = state.free.mostWorkers({ ...request, until: Number.NEGATIVE_INFINITY }, min);
  if (anyTime >= min && state.reservations.length > 0) {
    const [first] = state.reservations;
    return refuse('WaitingForCapacity', `${needs}; ${free} of ${total} are free, but kept for ${first?.key}`);
  }
  const where =
    job.topology?.mode === 'required' ? `within one ${job.topology.level}` : 'on the nodes where they are';
  return refuse(
    'Fragmented',
    `${needs}; ${free} of ${total} are free, but only ${anyTime} worker${anyTime === 1 ? '' : 's'} fit ${where}`,
  );
}

const asked = ({ min, gpusPerWorker }: PendingJob, flavor: string) =>
  `${min * gpusPerWorker} ${flavor} (${min} worker${min === 1 ? '' : 's'} of ${gpusPerWorker})`;

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
