import type { FlavorQuota, QueueState } from './queue-state.js';
import { beyondNominal } from './queue-state.js';

/** What a queue may do with one flavor now. */
export interface QuotaView {
  readonly nominal: number;
  readonly used: number;
  /** GPUs that it may take in addition now. */
  readonly available: number;
  /** Most GPUs that it could ever use, were everybody else idle. */
  readonly ceiling: number;
}

/** Kept for a job that starts at `at`: who ends later may take no more than `extra`. */
interface Hold {
  at: number;
  extra: number;
}

interface Entry {
  readonly quota: FlavorQuota;
  readonly isGranted: boolean;
  readonly pot: Pot | undefined;
  used: number;
  hold: Hold | undefined;
}

/** What the queues of a cohort share of one flavor. */
interface Pot {
  total: number;
  taken: number;
  /** Sum of the nominal quotas, lent or not. */
  nominal: number;
  hold: Hold | undefined;
}

/**
 * Who uses how much of which quota. Queues of a cohort lend each other what they leave idle: of a queue's nominal
 * quota, lendingLimit goes into the shared part of the cohort and the rest is its own; a queue uses its own part first,
 * then the shared one, up to nominal + borrowingLimit.
 */
export class QuotaLedger {
  readonly #entries = new Map<string, Map<string, Entry>>();
  readonly #queues = new Map<string, QueueState>();
  /** cohort and flavor to their pot */
  readonly #pots = new Map<string, Pot>();

  constructor(queues: Iterable<QueueState>) {
    for (const queue of queues) {
      const flavors = new Map<string, Entry>();
      for (const quota of queue.quotas) {
        const pot = queue.cohort === undefined ? undefined : this.#pot(queue.cohort, quota.flavor);
        flavors.set(quota.flavor, { quota, isGranted: true, pot, used: 0, hold: undefined });
        if (pot === undefined) continue;
        pot.total += quota.nominal - own(quota);
        pot.nominal += quota.nominal;
      }
      this.#entries.set(queue.name, flavors);
      this.#queues.set(queue.name, queue);
    }
  }

  /**
   * Undefined when the queue has no quota for the flavor.
   * @param until when the GPUs would be given back, in ms; beyond the time of a hold, what is held is not available
   */
  view(queue: string, flavor: string, until = Number.NEGATIVE_INFINITY): QuotaView | undefined {
    const entry = this.#entries.get(queue)?.get(flavor);
    if (entry?.isGranted !== true) return undefined;
    const { quota, pot, used, hold } = entry;
    const mine = own(quota);
    let available = quota.nominal - used;
    let ceiling = quota.nominal;
    if (pot !== undefined) {
      const limit = quota.nominal + (quota.borrowingLimit ?? Number.POSITIVE_INFINITY);
      const left = Math.max(0, pot.total - pot.taken);
      // Nominal quota is a right: what is held for another borrower does not lessen it.
      const unheld =
        pot.hold !== undefined && until > pot.hold.at
          ? Math.min(left, Math.max(pot.hold.extra, quota.nominal - Math.max(used, mine)))
          : left;
      available = Math.min(Math.max(0, mine - used) + Math.max(0, unheld), limit - used);
      ceiling = Math.min(mine + pot.total, limit);
    }
    if (hold !== undefined && until > hold.at) available = Math.min(available, hold.extra);
    return { nominal: quota.nominal, used, available: Math.max(0, available), ceiling };
  }

  /**
   * Counts GPUs of an admitted job, or less than 0 to give them back; also beyond the quota, which may have been
   * lowered since.
   * @param until when they will be given back, in ms
   */
  take(queue: string, flavor: string, gpus: number, until = Number.NEGATIVE_INFINITY): void {
    const entry = this.#entries.get(queue)?.get(flavor) ?? this.#withdrawn(queue, flavor);
    if (entry === undefined) return;
    if (entry.pot !== undefined) {
      const mine = own(entry.quota);
      const shared = Math.max(0, entry.used + gpus - mine) - Math.max(0, entry.used - mine);
      entry.pot.taken += shared;
      if (entry.pot.hold !== undefined && until > entry.pot.hold.at) entry.pot.hold.extra -= shared;
    }
    entry.used += gpus;
    if (entry.hold !== undefined && until > entry.hold.at) entry.hold.extra -= gpus;
  }

  /**
   * Keeps GPUs for a job that starts at `at`. Call it when the ledger stands as it will stand then, with what is kept
   * already counted as taken; what is left over is free for anyone.
   */
  hold(queue: string, flavor: string, gpus: number, at: number): void {
    const entry = this.#entries.get(queue)?.get(flavor);
    if (entry === undefined) return;
    const { available } = this.view(queue, flavor) ?? { available: 0 };
    entry.hold = merge(entry.hold, { at, extra: available - gpus });
    const { pot } = entry;
    if (pot === undefined) return;
    const mine = own(entry.quota);
    const shared = Math.max(0, entry.used + gpus - mine) - Math.max(0, entry.used - mine);
    pot.hold = merge(pot.hold, { at, extra: pot.total - pot.taken - shared });
  }

  /** GPUs of the flavor that the queue has beyond its nominal quota. */
  borrowed(queue: string, flavor: string): number {
    const entry = this.#entries.get(queue)?.get(flavor);
    return entry === undefined ? 0 : beyondNominal(entry.used, entry.quota.nominal);
  }

  /**
   * The dominant share that a queue would have of what its cohort lends: the largest over flavors of
   * (GPUs beyond nominal) / (nominal quotas of the cohort) / weight; 0 for a queue within its quota.
   * @param more GPUs of `flavor` that it would take in addition
   */
  share(queue: string, flavor?: string, more = 0): number {
    const weight = this.#queues.get(queue)?.weight ?? 1;
    let share = 0;
    for (const [name, { quota, pot, used }] of this.#entries.get(queue) ?? []) {
      const beyond = used + (name === flavor ? more : 0) - quota.nominal;
      if (beyond <= 0) continue;
      share = Math.max(share, beyond / Math.max(1, pot?.nominal ?? quota.nominal) / weight);
    }
    return share;
  }

  /** Of a quota that was taken away: whatever is held of it is borrowed, and nothing more may be taken. */
  #withdrawn(queue: string, flavor: string): Entry | undefined {
    const state = this.#queues.get(queue);
    if (state === undefined) return undefined;
    const pot = state.cohort === undefined ? undefined : this.#pot(state.cohort, flavor);
    const entry: Entry = { quota: { flavor, nominal: 0 }, isGranted: false, pot, used: 0, hold: undefined };
    this.#entries.get(queue)?.set(flavor, entry);
    return entry;
  }

  #pot(cohort: string, flavor: string): Pot {
    const key = `${cohort}/${flavor}`;
    let pot = this.#pots.get(key);
    if (pot === undefined) {
      pot = { total: 0, taken: 0, nominal: 0, hold: undefined };
      this.#pots.set(key, pot);
    }
    return pot;
  }
}

/** The part of the nominal quota that is never lent. */
const own = ({ nominal, lendingLimit }: FlavorQuota) => nominal - Math.min(nominal, lendingLimit ?? nominal);

/** Two holds are kept as one that is at least as strict: from the earlier time on, both are respected. */
function merge(before: Hold | undefined, hold: Hold): Hold {
  if (before === undefined) return hold;
  return { at: Math.min(before.at, hold.at), extra: Math.min(before.extra, hold.extra) };
}
