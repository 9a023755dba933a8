import { compareKeys, mergeQueues } from '../queueing/index.js';
import type { CycleState } from './cycle-state.js';
import { unsavedGpuSeconds } from './estimates.js';
import type { Eviction } from './plan.js';
import type { PendingJob, RunningJob } from './snapshot.js';

/** GPUs that a running job could be made to give back. */
export interface Release {
  readonly victim: RunningJob;
  /** Workers that would go, as their nodes. */
  readonly nodes: readonly string[];
  /** Absent: only a worker beyond the fewest goes and the job goes on. */
  readonly eviction?: Pick<Eviction, 'cause' | 'price'> | undefined;
}

/**
 * What may be taken for a waiting job, cheapest first: workers beyond the fewest, then whole jobs; among these less
 * unsaved work first, and within a queue lower priority before that. Priorities of one queue say nothing to another: a
 * team could not be reclaimed from that gives itself a higher one. A whole job goes only for a higher priority of its own queue, or when its
 * queue borrows what the waiting job's queue has a right to.
 */
export function possibleReleases(state: CycleState, job: PendingJob, flavor: string): Release[] {
  const { ledger, policy } = state;
  const quota = ledger.view(job.queueName, flavor);
  if (quota === undefined) return [];
  const asks = job.min * job.gpusPerWorker;
  const isRight = quota.used + asks <= quota.nominal;
  const lenders = isRight ? cohortOf(state, job) : [];
  const evictable: { readonly victim: RunningJob; readonly cause: Eviction['cause'] }[] = [];
  if (policy.preemption) {
    for (const victim of state.snapshot.running.ofQueue(job.queueName)) {
      if (victim.flavor === flavor && victim.priority < job.priority && !state.isLeaving(victim))
        evictable.push({ victim, cause: 'priority' });
    }
    for (const queue of lenders) {
      if (ledger.borrowed(queue, flavor) === 0) continue;
      for (const victim of state.snapshot.running.ofQueue(queue)) {
        if (victim.flavor === flavor && !state.isLeaving(victim))
          evictable.push({ victim, cause: 'reclaim' });
      }
    }
  }
  const shrinks = policy.resizing ? possibleShrinks(state, job, flavor) : [];
  const shrunk = new Map<string, number>();
  for (const { victim } of shrinks) shrunk.set(victim.key, (shrunk.get(victim.key) ?? 0) + 1);
  const evictions = evictable.map(({ victim, cause }): Release => ({
    victim,
    nodes: victim.nodes.slice(0, victim.nodes.length - (shrunk.get(victim.key) ?? 0)),
    eviction: { cause, price: unsavedGpuSeconds(victim, state.now) },
  }));
  const cost = ({ victim, eviction }: Release) =>
    policy.victimPrice === 'youngest' ? -victim.startedAt : (eviction?.price ?? 0);
  const byCost = (a: Release, b: Release) => cost(a) - cost(b) || compareKeys(a.victim, b.victim);
  const byPriority = (a: Release, b: Release) => a.victim.priority - b.victim.priority || byCost(a, b);
  return [...shrinks, ...mergeQueues(evictions, ({ victim }) => victim.queueName, byPriority, byCost)];
}

/** One entry for each worker beyond the fewest, last worker first: only the last one can go. */
function possibleShrinks(state: CycleState, job: PendingJob, flavor: string): Release[] {
  const shrinkable = [...state.snapshot.running.shrinkable(flavor)].filter(
    (victim) =>
      !state.isLeaving(victim) && (victim.queueName !== job.queueName || victim.priority <= job.priority),
  );
  const byAge = (a: RunningJob, b: RunningJob) => b.createdAt - a.createdAt || compareKeys(a, b);
  const byPriority = (a: RunningJob, b: RunningJob) => a.priority - b.priority || byAge(a, b);
  return mergeQueues(shrinkable, ({ queueName }) => queueName, byPriority, byAge).flatMap((victim) =>
    victim.nodes
      .slice(victim.min)
      .reverse()
      .map((node): Release => ({ victim, nodes: [node] })),
  );
}

/** The other queues of the job's cohort. */
function cohortOf(state: CycleState, job: PendingJob): string[] {
  const cohort = state.snapshot.queues.get(job.queueName)?.cohort;
  return cohort === undefined ? [] : state.cohort(cohort).filter((name) => name !== job.queueName);
}
