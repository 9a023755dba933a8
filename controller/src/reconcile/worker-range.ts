import type { FineTuneJob } from '../api/index.js';
import { JOB_RESOURCE } from '../api/index.js';
import type { KubeClient } from '../kube/index.js';
import { isConflict, isNotFound } from '../kube/index.js';

/**
 * Workers that `spec.workers.max` has to say, where it says fewer than `min`: the constant with which the API server fills
 * it in stands for "not given". Undefined: what it says is right.
 */
export function missingMost({ spec: { workers } }: FineTuneJob): number | undefined {
  const { min = 1, max } = workers ?? {};
  return max !== undefined && max < min ? min : undefined;
}

/**
 * Lets `kubectl scale`, autoscalers and every other reader of the scale see what counts. Through the scale, so that no
 * permission to write a spec is needed.
 */
export class WorkerRanges {
  /** uid to the generation for which it was tried: what cannot be written is not tried for ever. */
  readonly #tried = new Map<string, number>();

  constructor(private readonly client: Pick<KubeClient, 'mergePatch'>) {}

  /** @returns whether the job has another range now, or is another one */
  async complete(job: FineTuneJob): Promise<boolean> {
    const replicas = missingMost(job);
    const { name, namespace, uid = '', generation = 0, resourceVersion } = job.metadata;
    if (replicas === undefined || this.#tried.get(uid) === generation) return false;
    this.#tried.set(uid, generation);
    try {
      await this.client.mergePatch(
        JOB_RESOURCE,
        { name, namespace },
        { metadata: { resourceVersion }, spec: { replicas } },
        { subresource: 'scale' },
      );
      return true;
    } catch (error) {
      // It was changed or deleted meanwhile: its present form is looked at.
      if (!isConflict(error) && !isNotFound(error)) throw error;
      this.#tried.delete(uid);
      return true;
    }
  }

  forget(uid: string): void {
    this.#tried.delete(uid);
  }
}
