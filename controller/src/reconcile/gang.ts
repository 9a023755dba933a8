import type { Placement } from '../api/index.js';
import { ATTEMPT_LABEL } from '../api/index.js';
import type { PodObject } from '../pool/index.js';
import type { JobFacts } from './facts.js';
import { workerIndexOf } from './worker-name.js';
import { plannedNodeOf } from './worker-pod.js';

/** The workers of the current attempt and what else bears the job's name. */
export interface Gang {
  readonly placement: Placement;
  readonly attempt: number;
  /** By worker index. */
  readonly workers: ReadonlyMap<number, PodObject>;
  /** Pods of earlier attempts, or beyond the number of workers. */
  readonly stale: readonly PodObject[];
  /** Pods of workers that have another node by now. */
  readonly misplaced: readonly PodObject[];
}

/** Sorts the pods of an admitted job; undefined when its status has no placement. */
export function gangOf({ job, pods }: JobFacts): Gang | undefined {
  const placement = job.status?.placement;
  if (placement === undefined) return undefined;
  const attempt = job.status?.attempt ?? 0;
  const workers = new Map<number, PodObject>();
  const stale: PodObject[] = [];
  const misplaced: PodObject[] = [];
  for (const pod of pods) {
    const index = workerIndexOf(pod, job.metadata.name) ?? Infinity;
    const isCurrent =
      pod.metadata.labels?.[ATTEMPT_LABEL] === String(attempt) && index < placement.nodes.length;
    if (!isCurrent) stale.push(pod);
    else if ((plannedNodeOf(pod) ?? placement.nodes[index]) === placement.nodes[index])
      workers.set(index, pod);
    else misplaced.push(pod);
  }
  return { placement, attempt, workers, stale, misplaced };
}
