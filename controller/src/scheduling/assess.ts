import type { WaitingReason } from '../api/index.js';
import type { QueueState, QuotaLedger } from '../queueing/index.js';
import type { FreeGpus } from './place.js';
import type { Admission, PendingJob } from './snapshot.js';

/** What one job could get now. */
export type Verdict =
  | { readonly admission: Admission; readonly impossible: false; readonly largestGangThatFits: number }
  | {
      readonly admission?: undefined;
      /** No waiting helps. */
      readonly impossible: boolean;
      readonly reason: WaitingReason;
      readonly message: string;
      readonly largestGangThatFits: number;
    };

type Refusal = Extract<Verdict, { readonly reason: WaitingReason }>;

/** Tries the flavors of a job in its order. Takes nothing. */
export function assess(job: PendingJob, queue: QueueState, ledger: QuotaLedger, free: FreeGpus): Verdict {
  const flavors = job.flavors ?? queue.quotas.map(({ flavor }) => flavor);
  const refusals: Refusal[] = [];
  for (const flavor of flavors) {
    const verdict = assessFlavor(job, queue, flavor, ledger, free);
    if (verdict.admission !== undefined) return verdict;
    refusals.push(verdict);
  }
  const most = Math.max(0, ...refusals.map(({ largestGangThatFits }) => largestGangThatFits));
  // A flavor that the job can have later says more than one that it can never have.
  const best =
    refusals.find(({ impossible }) => !impossible) ??
    refusals.find(({ reason }) => reason !== 'NoMatchingFlavor') ??
    refusals[0];
  if (best === undefined) {
    return {
      impossible: true,
      reason: 'NoMatchingFlavor',
      message: `queue ${queue.name} has no quota for any GPU`,
      largestGangThatFits: 0,
    };
  }
  return { ...best, largestGangThatFits: most };
}

function assessFlavor(
  job: PendingJob,
  queue: QueueState,
  flavor: string,
  ledger: QuotaLedger,
  free: FreeGpus,
): Verdict {
  const { min, max, gpusPerWorker: each } = job;
  const smallest = min * each;
  const asked = `${smallest} ${flavor} (${min} worker${min === 1 ? '' : 's'} of ${each})`;
  const quota = ledger.view(queue.name, flavor);
  if (quota === undefined) {
    return refuse('NoMatchingFlavor', `queue ${queue.name} has no quota for ${flavor}`, 0, true);
  }
  if (quota.ceiling < smallest) {
    return refuse(
      'ExceedsQuota',
      `needs ${asked}, but queue ${queue.name} may never use more than ${quota.ceiling}: lower workers.min or raise the quota`,
      0,
      true,
    );
  }
  const capacity = free.view(flavor, each, job.needs);
  if (capacity.mostWorkersEver < min) {
    const why =
      capacity.total < smallest
        ? `the pool has only ${capacity.total} that suit it`
        : `only ${capacity.mostWorkersEver} workers fit on the nodes of the pool`;
    return refuse('ExceedsPool', `needs ${asked}, but ${why}`, 0, true);
  }
  const byQuota = Math.floor(quota.available / each);
  const request = { flavor, gpusPerWorker: each, needs: job.needs, topology: job.topology };
  const fits = free.mostWorkers(request, Math.min(max, byQuota));
  if (fits >= min) {
    const placed = free.place({ ...request, workers: fits });
    if (placed !== undefined) {
      return { admission: { key: job.key, flavor, ...placed }, impossible: false, largestGangThatFits: fits };
    }
  }
  if (byQuota < min) {
    const message = `needs ${asked}, but queue ${queue.name} may use ${quota.available} more: ${quota.used} in use of ${quota.nominal} nominal${queue.cohort === undefined ? '' : ` and of what cohort ${queue.cohort} lends`}; ${smallest - quota.available} short`;
    return refuse('WaitingForQuota', message, fits);
  }
  if (capacity.free < smallest) {
    return refuse(
      'WaitingForCapacity',
      `needs ${asked}, but ${capacity.free} of ${capacity.total} are free; ${smallest - capacity.free} short`,
      fits,
    );
  }
  const where =
    job.topology?.mode === 'required' ? `within one ${job.topology.level}` : 'on the nodes where they are';
  return refuse(
    'Fragmented',
    `needs ${asked}; ${capacity.free} of ${capacity.total} are free, but only ${fits} worker${fits === 1 ? '' : 's'} fit ${where}`,
    fits,
  );
}

const refuse = (
  reason: WaitingReason,
  message: string,
  largestGangThatFits: number,
  impossible = false,
): Refusal => ({
  impossible,
  reason,
  message,
  largestGangThatFits,
});
