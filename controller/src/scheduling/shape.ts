import { requestsKey } from './scarce-slots.js';
import type { PendingJob } from './snapshot.js';

const known = new WeakMap<PendingJob, string>();

/** Equal for jobs that ask for the same; what one of a queue is refused now, the others of its shape are too. */
export function shapeOf(job: PendingJob): string {
  let shape = known.get(job);
  if (shape === undefined) {
    const { min, max, gpusPerWorker, flavors, topology, bytesPerGpu, waysToFit, needs } = job;
    const { requests, avoidNodes } = job;
    const isPlain = Object.keys(needs.nodeSelector).length === 0 && needs.tolerations.length === 0;
    shape = `${min} ${max} ${gpusPerWorker} ${flavors?.join() ?? ''} ${topology?.level ?? ''} ${topology?.mode ?? ''} ${bytesPerGpu ?? ''} ${waysToFit ?? ''} ${isPlain ? '' : JSON.stringify(needs)} ${requestsKey(requests)} ${avoidNodes?.join() ?? ''}`;
    known.set(job, shape);
  }
  return shape;
}
