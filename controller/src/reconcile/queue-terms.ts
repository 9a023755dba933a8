import type { Caps, FineTuneJob, GpuQueue, Priority } from '../api/index.js';
import { capsOf, priorityOf } from '../api/index.js';
import type { ReadonlyCache } from '../kube/index.js';

const MAX_CHECKPOINT_GRACE_SECONDS = 600;

/** What its queue and the controller allow a job. */
export interface QueueTerms {
  readonly caps: Caps;
  /** Absent: the number in its spec. */
  readonly priority?: Priority;
}

/** The terms of each job, by the queue that it waits in or uses. */
export function queueTerms(
  queues: Pick<ReadonlyCache<GpuQueue>, 'get'>,
  maxCheckpointGraceSeconds = MAX_CHECKPOINT_GRACE_SECONDS,
): (job: FineTuneJob) => QueueTerms {
  /** Every look at a job asks for them: made once for each object of a queue. */
  const known = new WeakMap<object, QueueTerms>();
  const ofNoQueue = { caps: capsOf({ name: '', caps: undefined }, maxCheckpointGraceSeconds) };
  return ({ metadata, spec, status }) => {
    const queue = queues.get(status?.placement?.queueName ?? spec.queueName);
    if (queue === undefined) return ofNoQueue;
    const { caps, priorityClasses } = queue.spec;
    const { name } = queue.metadata;
    let terms = known.get(queue);
    if (terms === undefined) {
      terms = caps === undefined ? ofNoQueue : { caps: capsOf({ name, caps }, maxCheckpointGraceSeconds) };
      known.set(queue, terms);
    }
    if (priorityClasses === undefined && spec.priorityClassName === undefined) return terms;
    return {
      ...terms,
      priority: priorityOf(spec, metadata.namespace ?? 'default', { name, priorityClasses }),
    };
  };
}
