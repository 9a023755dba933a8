import type { Refusal } from './why-not-ready.js';

const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 30_000;

/** When a pod that was refused is tried again, in milliseconds since the epoch. */
export const triedAgainAt = ({ at, count }: Pick<Refusal, 'at' | 'count'>): number =>
  at + Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(count - 1, 10));

/** Which pods of workers the API server refused; in memory alone, since trying again tells it anew. */
export class PodRefusals {
  /** uid of the job to worker index to refusal. */
  readonly #ofJob = new Map<string, { readonly attempt: number; readonly workers: Map<number, Refusal> }>();

  /** Refusals of the job's present attempt. */
  of(uid: string, attempt: number): ReadonlyMap<number, Refusal> | undefined {
    const known = this.#ofJob.get(uid);
    return known?.attempt === attempt ? known.workers : undefined;
  }

  refused(
    uid: string,
    worker: { readonly attempt: number; readonly index: number },
    refusal: Omit<Refusal, 'since' | 'count'>,
  ): void {
    let known = this.#ofJob.get(uid);
    if (known?.attempt !== worker.attempt)
      this.#ofJob.set(uid, (known = { attempt: worker.attempt, workers: new Map() }));
    const before = known.workers.get(worker.index);
    known.workers.set(worker.index, {
      ...refusal,
      since: before?.since ?? refusal.at,
      count: (before?.count ?? 0) + 1,
    });
  }

  created(uid: string, index: number): void {
    this.#ofJob.get(uid)?.workers.delete(index);
  }

  forget(uid: string): void {
    this.#ofJob.delete(uid);
  }
}
