import type { FineTuneJob } from '../api/index.js';
import { isTrue } from '../api/index.js';
import type { CacheEvent } from '../kube/index.js';
import type { PodObject } from '../pool/index.js';
import { isTerminated } from '../pool/index.js';
import { isDisrupted } from './failure.js';
import type { TransitionEvent } from './transition-events.js';
import { workerIndexOf } from './worker-name.js';

/**
 * What to tell the owner of a job when a pod of a worker is deleted that the controller did not delete: somebody did, or
 * the cluster evicted it. Undefined where nothing is lost: the job holds no GPUs, or the worker had ended.
 */
export function deletedWorkerEvent(
  job: FineTuneJob | undefined,
  { type, object: pod, old }: CacheEvent<PodObject>,
): TransitionEvent | undefined {
  const { deletionTimestamp, name, uid } = pod.metadata;
  // Of a pod that ends, the deletion is told when it begins.
  const begins = old?.metadata.uid === uid && old?.metadata.deletionTimestamp === undefined;
  if (!begins || (type !== 'deleted' && deletionTimestamp === undefined) || isTerminated(old ?? pod))
    return undefined;
  if (job === undefined || job.metadata.deletionTimestamp !== undefined || job.spec.suspend) return undefined;
  if (!isTrue(job.status?.conditions, 'Admitted')) return undefined;
  const index = workerIndexOf(pod, job.metadata.name);
  if (index === undefined || index >= (job.status?.placement?.nodes.length ?? 0)) return undefined;
  const node = pod.spec?.nodeName;
  const worker = `worker ${index}${node === undefined || node === '' ? '' : ` on ${node}`}`;
  if (!isDisrupted(pod)) {
    const message = `somebody deleted the pod of ${worker} (${name}); a new pod takes its place`;
    return { type: 'Warning', reason: 'WorkerDeleted', message };
  }
  const why = pod.status?.conditions?.find((condition) => condition.type === 'DisruptionTarget');
  // Of a node that is gone, NodeLost tells.
  if (why?.reason === 'DeletionByPodGC') return undefined;
  const said = [why?.reason, why?.message].filter((text) => text !== undefined && text !== '').join(': ');
  return {
    type: 'Warning',
    reason: 'WorkerEvicted',
    message: `the cluster evicted the pod of ${worker} (${name}); a new pod takes its place${said === '' ? '' : ` (${said})`}`,
  };
}
