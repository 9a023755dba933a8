import type { Caps, FineTuneJob, GpuQueue } from '../api/index.js';
import { capsOf } from '../api/index.js';
import type { ReadonlyCache } from '../kube/index.js';

const MAX_CHECKPOINT_GRACE_SECONDS = 600;

/** What the queue of a job and the controller allow it at most. */
export function queueCaps(
  queues: Pick<ReadonlyCache<GpuQueue>, 'get'>,
  maxCheckpointGraceSeconds = MAX_CHECKPOINT_GRACE_SECONDS,
): (job: FineTuneJob) => Caps {
  /** Every look at a job asks for them: made once for each object of a queue. */
  const known = new WeakMap<object, Caps>();
  const ofNoQueue = capsOf({ name: '', caps: undefined }, maxCheckpointGraceSeconds);
  return ({ spec, status }) => {
    const queue = queues.get(status?.placement?.queueName ?? spec.queueName);
    if (queue?.spec.caps === undefined) return ofNoQueue;
    let caps = known.get(queue);
    if (caps === undefined) {
      const { metadata, spec: asked } = queue;
      caps = capsOf({ name: metadata.name, caps: asked.caps }, maxCheckpointGraceSeconds);
      known.set(queue, caps);
    }
    return caps;
  };
}
