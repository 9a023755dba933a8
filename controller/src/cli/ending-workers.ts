import {
  FINE_TUNE_JOB_KIND,
  isTrue,
  JOB_LABEL,
  QUEUE_ANNOTATION,
  queueNameOf,
  WORKER_INDEX_LABEL,
  type FineTuneJob,
} from '../api/index.js';
import { keyOf } from '../kube/index.js';
import type { Pod } from './pods.js';

/** GPUs of pods of a job that its placement does not count any more, as after a cancel. */
export interface EndingWorkers {
  readonly queue: string | undefined;
  readonly gpus: number;
}

/** By namespace/job: what pods hold that are ending, as the controller counts it on their queue. */
export function endingWorkers(
  jobs: readonly FineTuneJob[],
  pods: readonly Pod[],
): ReadonlyMap<string, EndingWorkers> {
  const byKey = new Map(jobs.map((job) => [keyOf(job), job]));
  const ending = new Map<string, EndingWorkers>();
  for (const pod of pods) {
    const { namespace, labels, annotations, ownerReferences } = pod.metadata;
    const key = `${namespace}/${labels?.[JOB_LABEL]}`;
    const job = byKey.get(key);
    const isWorker = ownerReferences?.some(({ kind }) => kind === FINE_TUNE_JOB_KIND) === true;
    if (!isWorker || !holdsGpus(pod) || isPlaced(pod, job)) continue;
    const queue = annotations?.[QUEUE_ANNOTATION] ?? (job === undefined ? undefined : queueNameOf(job));
    ending.set(key, { queue, gpus: (ending.get(key)?.gpus ?? 0) + gpusOf(pod) });
  }
  return ending;
}

const holdsGpus = ({ spec, status }: Pod) =>
  (spec?.nodeName ?? '') !== '' && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';

const isPlaced = ({ metadata, spec }: Pod, job: FineTuneJob | undefined) =>
  isTrue(job?.status?.conditions, 'Admitted') &&
  job?.status?.placement?.nodes[Number(metadata.labels?.[WORKER_INDEX_LABEL])] === spec?.nodeName;

function gpusOf({ spec }: Pod): number {
  let gpus = 0;
  for (const { resources } of spec?.containers ?? [])
    for (const [resource, amount] of Object.entries(resources?.limits ?? {}))
      if (resource.startsWith('nvidia.com/')) gpus += Number(amount);
  return gpus;
}
