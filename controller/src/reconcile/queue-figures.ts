import type { WaitingReason } from '../api/index.js';
import { isInadmissible } from '../api/index.js';
import { gpusByFlavor } from '../pool/index.js';
import type { Pool, QueueState, QueueUse, QuotaUse, Snapshot } from '../scheduling/index.js';
import { obstacle, quotaUses } from '../scheduling/index.js';

/** What a queue holds, and what its jobs want. */
export interface QueueFigures {
  /** Jobs that hold GPUs. */
  readonly admittedJobs: number;
  /** Jobs that wait and can be admitted. */
  readonly pendingJobs: number;
  /** Jobs that name the queue and cannot be admitted before something is changed. */
  readonly inadmissibleJobs: number;
  readonly usage: readonly FlavorFigures[];
  /** Flavors of the pool and of all quotas. */
  readonly pool: ReadonlyMap<string, PoolFlavor>;
}

export interface FlavorFigures extends QuotaUse {
  /** GPUs that the smallest gangs of the pending jobs ask for, each of its first flavor that the queue has. */
  readonly pending: number;
  /** GPUs that are kept for them. */
  readonly reserved: number;
}

/** A flavor, as the pool has it and as it is granted. */
export interface PoolFlavor {
  /** GPUs of the nodes, whether or not something may go there now. */
  readonly gpus: number;
  /** Sum of the nominal quotas. */
  readonly nominal: number;
  /** Queues with a nominal quota. */
  readonly queues: number;
}

export interface KnownOfQueues {
  readonly snapshot: Snapshot;
  /** Of the same snapshot. */
  readonly use: QueueUse;
  readonly pool: ReadonlyMap<string, PoolFlavor>;
  /** Why a waiting job waits, as far as a cycle has said. */
  readonly reasonOf: (key: string) => WaitingReason | undefined;
  /** GPUs of a flavor that are kept for jobs of the queue. */
  readonly reservedOf: (flavor: string) => number;
}

/** The figures of one queue; undefined when there is no such queue. */
export function figuresOfQueue(name: string, known: KnownOfQueues): QueueFigures | undefined {
  const { snapshot, use, pool, reasonOf, reservedOf } = known;
  const queue = snapshot.queues.get(name);
  if (queue === undefined) return undefined;
  const granted = queue.quotas.map(({ flavor }) => flavor);
  const pending = new Map<string, number>();
  let pendingJobs = 0;
  let inadmissibleJobs = 0;
  for (const job of snapshot.pending.get(name) ?? []) {
    const { min, gpusPerWorker, flavors = granted } = job;
    const reason = reasonOf(job.key) ?? obstacle(job, snapshot)?.reason;
    if (reason !== undefined && isInadmissible(reason)) {
      inadmissibleJobs++;
      continue;
    }
    pendingJobs++;
    const flavor = flavors.find((wanted) => granted.includes(wanted));
    if (flavor !== undefined) pending.set(flavor, (pending.get(flavor) ?? 0) + min * gpusPerWorker);
  }
  const usage = quotaUses(queue, use).map((figures) => ({
    ...figures,
    pending: pending.get(figures.flavor) ?? 0,
    reserved: reservedOf(figures.flavor),
  }));
  return { admittedJobs: snapshot.running.countOf(name), pendingJobs, inadmissibleJobs, usage, pool };
}

/** Every flavor that the nodes have or that queues grant. */
export function flavorsOfPool(pool: Pool, queues: Iterable<QueueState>): ReadonlyMap<string, PoolFlavor> {
  const flavors = new Map<string, PoolFlavor>();
  for (const [flavor, gpus] of gpusByFlavor(pool)) flavors.set(flavor, { gpus, nominal: 0, queues: 0 });
  for (const { quotas } of queues)
    for (const { flavor, nominal } of quotas) {
      const before = flavors.get(flavor) ?? { gpus: 0, nominal: 0, queues: 0 };
      const { gpus } = before;
      flavors.set(flavor, {
        gpus,
        nominal: before.nominal + nominal,
        queues: before.queues + (nominal > 0 ? 1 : 0),
      });
    }
  return flavors;
}
