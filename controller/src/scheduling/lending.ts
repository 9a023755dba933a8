import type { QueueState } from '../queueing/index.js';
import { beyondNominal } from '../queueing/index.js';
import type { QueueUse, QuotaUse } from './queue-use.js';

/** What a queue holds of a flavor, and what it lends. */
export interface LentUse extends QuotaUse {
  /** GPUs of its quota that others of its cohort use; see {@link lentBy}. */
  readonly lent: number;
}

/**
 * What each queue lends. GPUs that are borrowed in a cohort have no owner; each queue is taken to lend the part of them
 * that its idle quota, as far as it may be lent, has in that of the cohort. So what is lent is what is borrowed.
 */
export function lentBy(
  queues: readonly QueueState[],
  use: QueueUse,
): (queue: QueueState, flavor: string) => number {
  const usedOf = (name: string, flavor: string) => use.get(name)?.get(flavor)?.used ?? 0;
  const cohorts = new Map<string, { borrowed: number; idle: number }>();
  const share = (cohort: string, flavor: string) => `${cohort}/${flavor}`;
  const idleOf = ({ name, quotas }: QueueState, flavor: string): number => {
    const quota = quotas.find((each) => each.flavor === flavor);
    if (quota === undefined) return 0;
    return Math.min(Math.max(0, quota.nominal - usedOf(name, flavor)), quota.lendingLimit ?? Infinity);
  };
  for (const queue of queues) {
    if (queue.cohort === undefined) continue;
    for (const { flavor, nominal } of queue.quotas) {
      const key = share(queue.cohort, flavor);
      const sum = cohorts.get(key) ?? { borrowed: 0, idle: 0 };
      sum.borrowed += beyondNominal(usedOf(queue.name, flavor), nominal);
      sum.idle += idleOf(queue, flavor);
      cohorts.set(key, sum);
    }
  }
  return (queue, flavor) => {
    const { borrowed = 0, idle = 0 } = cohorts.get(share(queue.cohort ?? '', flavor)) ?? {};
    if (queue.cohort === undefined || idle === 0) return 0;
    return (Math.min(borrowed, idle) * idleOf(queue, flavor)) / idle;
  };
}
