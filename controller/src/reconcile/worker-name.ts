import type { KubeObject } from '../kube/index.js';

/** Name of the pod, and id of the member, of one worker. */
export const workerName = (job: string, index: number) => `${job}-worker-${index}`;

/** The index of the worker whose name a pod of the job has; undefined = it has none of such a name. */
export function workerIndexOf({ metadata }: KubeObject, job: string): number | undefined {
  const prefix = workerName(job, 0).slice(0, -1);
  const digits = metadata.name.startsWith(prefix) ? metadata.name.slice(prefix.length) : '';
  return /^(0|[1-9]\d{0,5})$/.test(digits) ? Number(digits) : undefined;
}
