import type { FineTuneJob } from '../api/index.js';
import { DEFAULT_QUEUE_LABEL } from '../api/index.js';
import type { KubeObject, ReadonlyCache } from '../kube/index.js';

/** The queue that a namespace's label names; '' = none. */
export const defaultQueueOf = (
  namespace: string,
  namespaces: Pick<ReadonlyCache<KubeObject>, 'get'>,
): string => namespaces.get(namespace)?.metadata.labels?.[DEFAULT_QUEUE_LABEL] ?? '';

/** The job in the default queue of its namespace, where it names none and none was chosen for it before. */
export function withDefaultQueue(
  job: FineTuneJob,
  namespaces: Pick<ReadonlyCache<KubeObject>, 'get'>,
): FineTuneJob {
  if (job.spec.queueName !== '') return job;
  const queueName = defaultQueueOf(job.metadata.namespace ?? 'default', namespaces);
  return queueName === '' ? job : { ...job, spec: { ...job.spec, queueName } };
}
