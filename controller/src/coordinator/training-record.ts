import { retryUntil } from './retry.js';
import type { StateStore, StoredTraining } from './state-store.js';

export interface TrainingRecordOptions {
  readonly store: Pick<StateStore, 'record'>;
  readonly jobUid: string;
  /** Newest generation that the store has. */
  readonly generation: () => number;
  readonly isClosed: () => boolean;
  readonly onTrouble: (place: string, error: unknown) => void;
}

/** What a job's workers reported last, here and in the store. */
export class TrainingRecord {
  #training: StoredTraining = {};
  #dirty: StoredTraining | undefined;
  #recording: Promise<void> | undefined;

  constructor(private readonly options: TrainingRecordOptions) {}

  get training(): StoredTraining {
    return this.#training;
  }

  /** Takes what the store knew. */
  restore(training: StoredTraining): void {
    this.#training = training;
  }

  /** Newest figures win; one write at a time. */
  save(training: StoredTraining): void {
    this.#training = { ...this.#training, ...training };
    this.#dirty = { ...this.#dirty, ...training };
    this.#recording ??= this.#flush().finally(() => (this.#recording = undefined));
  }

  /** Resolves when the store has all that was saved, or no more is written. */
  written(): Promise<void> {
    return this.#recording ?? Promise.resolve();
  }

  async #flush(): Promise<void> {
    const { store, jobUid, generation, isClosed, onTrouble } = this.options;
    while (this.#dirty !== undefined) {
      const training = this.#dirty;
      this.#dirty = undefined;
      await retryUntil(
        () => store.record(jobUid, generation(), training),
        isClosed,
        (error) => onTrouble('state store: recording figures', error),
      );
    }
  }
}
