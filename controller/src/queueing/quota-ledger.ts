import type { FlavorQuota, QueueState } from './queue-state.js';

/** What a queue may do with one flavor now. */
export interface QuotaView {
  readonly nominal: number;
  readonly used: number;
  /** GPUs that it may take in addition now. */
  readonly available: number;
  /** Most GPUs that it could ever use, were everybody else idle. */
  readonly ceiling: number;
}

interface Entry {
  readonly quota: FlavorQuota;
  readonly cohort: string | undefined;
  used: number;
}

/**
 * Who uses how much of which quota. Queues of a cohort lend each other what they leave idle: of a queue's nominal
 * quota, lendingLimit goes into the shared part of the cohort and the rest is its own; a queue uses its own part first,
 * then the shared one, up to nominal + borrowingLimit.
 */
export class QuotaLedger {
  readonly #entries = new Map<string, Map<string, Entry>>();
  /** cohort and flavor -> GPUs of the shared part, and how many of them are taken. */
  readonly #shared = new Map<string, { total: number; taken: number }>();

  constructor(queues: Iterable<QueueState>) {
    for (const queue of queues) {
      const flavors = new Map<string, Entry>();
      for (const quota of queue.quotas) {
        flavors.set(quota.flavor, { quota, cohort: queue.cohort, used: 0 });
        if (queue.cohort !== undefined)
          this.#pot(queue.cohort, quota.flavor).total += quota.nominal - own(quota);
      }
      this.#entries.set(queue.name, flavors);
    }
  }

  /** Undefined when the queue has no quota for the flavor. */
  view(queue: string, flavor: string): QuotaView | undefined {
    const entry = this.#entries.get(queue)?.get(flavor);
    if (entry === undefined) return undefined;
    const { quota, cohort, used } = entry;
    if (cohort === undefined) {
      return {
        nominal: quota.nominal,
        used,
        available: Math.max(0, quota.nominal - used),
        ceiling: quota.nominal,
      };
    }
    const pot = this.#pot(cohort, flavor);
    const limit = quota.nominal + (quota.borrowingLimit ?? Number.POSITIVE_INFINITY);
    const available = Math.max(0, own(quota) - used) + Math.max(0, pot.total - pot.taken);
    return {
      nominal: quota.nominal,
      used,
      available: Math.max(0, Math.min(available, limit - used)),
      ceiling: Math.min(own(quota) + pot.total, limit),
    };
  }

  /** Counts GPUs of an admitted job; also beyond the quota, which may have been lowered since. */
  take(queue: string, flavor: string, gpus: number): void {
    const entry = this.#entries.get(queue)?.get(flavor);
    if (entry === undefined) return;
    if (entry.cohort !== undefined) {
      const mine = own(entry.quota);
      const before = Math.max(0, entry.used - mine);
      const after = Math.max(0, entry.used + gpus - mine);
      this.#pot(entry.cohort, flavor).taken += after - before;
    }
    entry.used += gpus;
  }

  #pot(cohort: string, flavor: string): { total: number; taken: number } {
    const key = `${cohort}/${flavor}`;
    let pot = this.#shared.get(key);
    if (pot === undefined) {
      pot = { total: 0, taken: 0 };
      this.#shared.set(key, pot);
    }
    return pot;
  }
}

/** The part of the nominal quota that is never lent. */
const own = ({ nominal, lendingLimit }: FlavorQuota) => nominal - Math.min(nominal, lendingLimit ?? nominal);
