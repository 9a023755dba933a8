import { JOB_LABEL, isTrue, type FineTuneJob } from '../api/index.js';
import type { Cluster } from './cluster.js';
import { listAll } from './find-job.js';
import { PODS, type Pod } from './pods.js';

/** What a job without a value of its own has. */
const DEFAULT_GRACE_SECONDS = 120;

/** The GPUs that a job holds, such as "8 H100"; undefined when it holds none. */
export function heldGpus({ status }: FineTuneJob): string | undefined {
  const { placement, conditions } = status ?? {};
  if (placement === undefined || !isTrue(conditions, 'Admitted')) return undefined;
  return `${placement.nodes.length * (placement.gpusPerWorker ?? 1)} ${placement.flavor}`;
}

/** Longest time until the pods of a job that is told to end are gone; the caps of its queue may make it shorter. */
export const graceSeconds = ({ spec }: FineTuneJob): number =>
  spec.runPolicy?.preemption?.checkpointGraceSeconds ?? DEFAULT_GRACE_SECONDS;

/** Names of the job's pods that still hold GPUs. */
export async function livePods(
  cluster: Cluster,
  { metadata: { name, uid } }: FineTuneJob,
): Promise<readonly string[]> {
  const pods = await listAll<Pod>(cluster, PODS, {
    namespace: cluster.namespace,
    labelSelector: `${JOB_LABEL}=${name}`,
  });
  return pods
    .filter(
      (pod) =>
        !['Succeeded', 'Failed'].includes(pod.status?.phase ?? '') &&
        pod.metadata.ownerReferences?.some((owner) => owner.uid === uid),
    )
    .map(({ metadata }) => metadata.name);
}
