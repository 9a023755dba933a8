import type { Usage } from '../scheduling/index.js';

/** Quota that pods hold whose job has given up its place, or is gone: until they end, nobody else may use it. */
export class LeftoverUsage implements Iterable<Usage> {
  readonly #byPod = new Map<string, readonly Usage[]>();

  /** From now on this is all that the pod holds. */
  set(pod: string, usage: readonly Usage[]): void {
    if (usage.length === 0) this.#byPod.delete(pod);
    else this.#byPod.set(pod, usage);
  }

  *[Symbol.iterator](): Iterator<Usage> {
    for (const usage of this.#byPod.values()) yield* usage;
  }
}
