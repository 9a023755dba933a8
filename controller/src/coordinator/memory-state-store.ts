import type { StateStore, StoredJob, StoredMembership, StoredTraining } from './state-store.js';

/** For local mode and tests: forgets everything with the process. */
export class MemoryStateStore implements StateStore {
  readonly #jobs = new Map<string, StoredJob>();

  load(uid: string): Promise<StoredJob | undefined> {
    const job = this.#jobs.get(uid);
    return Promise.resolve(job === undefined ? undefined : structuredClone(job));
  }

  advance(uid: string, membership: StoredMembership): Promise<boolean> {
    const job = this.#jobs.get(uid);
    if (membership.generation <= (job?.membership?.generation ?? 0)) return Promise.resolve(false);
    this.#jobs.set(uid, { ...job, membership: structuredClone(membership) });
    return Promise.resolve(true);
  }

  record(uid: string, generation: number, training: StoredTraining): Promise<boolean> {
    const job = this.#jobs.get(uid) ?? { membership: undefined };
    if (generation < (job.membership?.generation ?? 0)) return Promise.resolve(false);
    const given = Object.fromEntries(
      Object.entries(structuredClone(training)).filter(([, value]) => value !== undefined),
    );
    this.#jobs.set(uid, { ...job, ...given });
    return Promise.resolve(true);
  }

  remove(uid: string): Promise<void> {
    this.#jobs.delete(uid);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
