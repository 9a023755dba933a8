import { FINE_TUNE_JOB_KIND, isTrue, QUEUE_ANNOTATION, queueNameOf, type FineTuneJob } from '../api/index.js';
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
    const { namespace, annotations, ownerReferences } = pod.metadata;
    // Labels say nothing: whoever may edit a pod writes there what he likes.
    const owner = ownerReferences?.find(({ kind }) => kind === FINE_TUNE_JOB_KIND);
    const key = `${namespace}/${owner?.name}`;
    const job = byKey.get(key);
    if (owner === undefined || !holdsGpus(pod) || isPlaced(pod, job)) continue;
    const queue = annotations?.[QUEUE_ANNOTATION] ?? (job === undefined ? undefined : queueNameOf(job));
    ending.set(key, { queue, gpus: (ending.get(key)?.gpus ?? 0) + gpusOf(pod) });
  }
  return ending;
}

const holdsGpus = ({ spec, status }: Pod) =>
  (spec?.nodeName ?? '') !== '' && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';

function isPlaced({ metadata, spec }: Pod, job: FineTuneJob | undefined): boolean {
  if (job === undefined || !isTrue(job.status?.conditions, 'Admitted')) return false;
  const names = (job.status?.placement?.nodes ?? []).map(
    (_, index) => `${job.metadata.name}-worker-${index}`,
  );
  return job.status?.placement?.nodes[names.indexOf(metadata.name)] === spec?.nodeName;
}

function gpusOf({ spec }: Pod): number {
  let gpus = 0;
  for (const { resources } of spec?.containers ?? [])
    for (const [resource, amount] of Object.entries(resources?.limits ?? {}))
      if (resource.startsWith('nvidia.com/')) gpus += Number(amount);
  return gpus;
}
