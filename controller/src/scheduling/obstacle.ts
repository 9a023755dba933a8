import { admitsNamespace } from '../queueing/index.js';
import type { Refusal } from './cycle-state.js';
import type { PendingJob, Snapshot } from './snapshot.js';

/** What keeps all jobs of a queue from having a turn. */
export const isClosed = (snapshot: Snapshot, queue: string) =>
  (snapshot.queues.get(queue)?.stopPolicy ?? 'hold') !== 'none';

/** {@link obstacle} for many jobs of one queue in a row: what goes by namespace is found out once. */
export function obstacles(snapshot: Snapshot): (job: PendingJob) => Refusal | undefined {
  let namespace: string | undefined;
  let ofNamespace: Refusal | undefined;
  return (job) => {
    if (job.held !== undefined) return obstacle(job, snapshot);
    if (job.namespace !== namespace) {
      namespace = job.namespace;
      ofNamespace = obstacle(job, snapshot);
    }
    return ofNamespace;
  };
}

/** What keeps a job from having a turn, whatever quota and GPUs there are. */
export function obstacle(job: PendingJob, snapshot: Snapshot): Refusal | undefined {
  if (job.held !== undefined) return { ...job.held, largestGangThatFits: 0 };
  const queue = snapshot.queues.get(job.queueName);
  if (queue === undefined) {
    return {
      reason: 'QueueNotFound',
      message:
        job.queueName === ''
          ? `the job names no queue, and namespace ${job.namespace} has no label tuneyard.dev/default-queue: set spec.queueName, or the label`
          : `there is no GpuQueue ${job.queueName}: create it, or set spec.queueName to one that exists`,
      largestGangThatFits: 0,
    };
  }
  if (!admitsNamespace(queue, job.namespace, snapshot.namespaces.get(job.namespace) ?? {})) {
    return {
      reason: 'NamespaceNotAllowed',
      message: `queue ${queue.name} does not admit jobs of namespace ${job.namespace}`,
      largestGangThatFits: 0,
    };
  }
  if (queue.stopPolicy !== 'none') {
    return {
      reason: 'QueueStopped',
      message: `queue ${queue.name} is stopped (${queue.stopPolicy})`,
      largestGangThatFits: 0,
    };
  }
  return undefined;
}
