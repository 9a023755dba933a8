import type { QueueState } from '../queueing/index.js';
import { admitsNamespace, compareJobs, QuotaLedger } from '../queueing/index.js';
import { assess } from './assess.js';
import { FreeGpus } from './place.js';
import type { Admission, PendingJob, Plan, Snapshot, Waiting } from './snapshot.js';

/** A reason that the pool has no part in. */
type Obstacle = Pick<Waiting, 'reason' | 'message'>;

/**
 * One scheduling cycle: which waiting jobs start now and where, and why the others do not. Pure: the same snapshot
 * always gives the same plan. Within a queue nobody overtakes a job that could start later; jobs that cannot start at
 * all, or not yet, stand aside.
 */
export function schedule(snapshot: Snapshot): Plan {
  // 1 What is used of quotas and GPUs.
  const ledger = new QuotaLedger(snapshot.queues.values());
  for (const job of snapshot.running)
    ledger.take(job.queueName, job.flavor, job.nodes.length * job.gpusPerWorker);
  const free = new FreeGpus(snapshot.pool);

  // 2 The order in which jobs have their turn.
  const turns = [...snapshot.pending].sort(compareJobs);

  const admissions: Admission[] = [];
  const waiting: Waiting[] = [];
  const positions = new Map<string, number>();
  const blocked = new Map<string, PendingJob>();
  for (const job of turns) {
    const ahead = positions.get(job.queueName) ?? 0;
    const wait = (obstacle: Obstacle, largestGangThatFits: number) => {
      positions.set(job.queueName, ahead + 1);
      waiting.push({ key: job.key, position: ahead + 1, ahead, largestGangThatFits, ...obstacle });
    };

    // 3 What keeps the job from being looked at.
    const queue = snapshot.queues.get(job.queueName);
    const obstacle = job.held ?? obstacleInQueue(job, queue, snapshot);
    if (obstacle !== undefined || queue === undefined) {
      wait(obstacle ?? queueNotFound(job), 0);
      continue;
    }

    // 4 What it could get: the first of its flavors in which at least the smallest gang fits.
    const verdict = assess(job, queue, ledger, free);
    const first = blocked.get(job.queueName);
    if (first !== undefined && !verdict.impossible) {
      wait(
        { reason: 'BehindInQueue', message: `waits behind ${first.key} in queue ${queue.name}` },
        verdict.largestGangThatFits,
      );
      continue;
    }

    // 5 Start it, or let it block those behind it.
    if (verdict.admission !== undefined) {
      const { flavor, nodes } = verdict.admission;
      free.take(flavor, job.gpusPerWorker, nodes);
      ledger.take(job.queueName, flavor, nodes.length * job.gpusPerWorker);
      admissions.push(verdict.admission);
      continue;
    }
    if (!verdict.impossible) blocked.set(job.queueName, job);
    wait({ reason: verdict.reason, message: verdict.message }, verdict.largestGangThatFits);
  }

  // 6 The plan.
  return { admissions, waiting };
}

const queueNotFound = (job: PendingJob): Obstacle => ({
  reason: 'QueueNotFound',
  message: `there is no GpuQueue ${job.queueName}: create it, or set spec.queueName to one that exists`,
});

function obstacleInQueue(
  job: PendingJob,
  queue: QueueState | undefined,
  snapshot: Snapshot,
): Obstacle | undefined {
  if (queue === undefined) return queueNotFound(job);
  if (!admitsNamespace(queue, job.namespace, snapshot.namespaces.get(job.namespace) ?? {})) {
    return {
      reason: 'NamespaceNotAllowed',
      message: `queue ${queue.name} does not admit jobs of namespace ${job.namespace}`,
    };
  }
  if (queue.stopPolicy !== 'none') {
    return { reason: 'QueueStopped', message: `queue ${queue.name} is stopped (${queue.stopPolicy})` };
  }
  return undefined;
}
