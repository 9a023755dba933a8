import type { FineTuneJob } from '../api/index.js';
import { isTrue } from '../api/index.js';
import type { ReadonlyCache } from '../kube/index.js';
import type { Admission, Eviction, Plan, Resize } from '../scheduling/index.js';
import type { Undone } from './snapshot-entry.js';

/** With the metadata.generation of the spec that it was decided for. */
interface Decided<T> {
  readonly what: T;
  readonly generation: number;
}

/** What cycles decided of jobs, until their objects show it or it became void. */
export class UndoneDecisions {
  readonly #admissions = new Map<string, Decided<Admission>>();
  readonly #evictions = new Map<string, Eviction>();
  readonly #resizes = new Map<string, Decided<Resize>>();

  /** Follows the jobs no longer. */
  readonly close: () => void;

  /** @param onChange told of every job of which something was decided or forgotten */
  constructor(
    private readonly jobs: ReadonlyCache<FineTuneJob>,
    private readonly onChange: (key: string) => void,
  ) {
    // At once, not with the next cycle: a job that is admitted and evicted in between must not be admitted again by
    // what was decided before.
    this.close = jobs.subscribe(({ key }) => this.#review(key));
  }

  of(key: string): Undone {
    return {
      admission: this.#admissions.get(key)?.what,
      resize: this.#resizes.get(key)?.what,
      isEvicted: this.#evictions.has(key),
    };
  }

  /** The admission that is decided for this generation of the job. */
  admissionOf(key: string, generation: number): Admission | undefined {
    return ofGeneration(this.#admissions.get(key), generation);
  }

  /** Why the job must give its GPUs back to another one. */
  evictionOf(key: string): Eviction | undefined {
    return this.#evictions.get(key);
  }

  /** The number of workers that is decided for this generation of the job. */
  resizeOf(key: string, generation: number): Resize | undefined {
    return ofGeneration(this.#resizes.get(key), generation);
  }

  /** @returns the keys of the jobs of which the plan decides something */
  remember({ admissions, evictions, resizes }: Plan): readonly string[] {
    const generationOf = (key: string) => this.jobs.get(key)?.metadata.generation ?? 0;
    for (const what of admissions) {
      const { key } = what;
      this.#admissions.set(key, { what, generation: generationOf(key) });
    }
    for (const eviction of evictions) this.#evictions.set(eviction.key, eviction);
    for (const what of resizes) this.#resizes.set(what.key, { what, generation: generationOf(what.key) });
    const keys = [...admissions, ...evictions, ...resizes].map(({ key }) => key);
    for (const key of keys) this.onChange(key);
    return keys;
  }

  #review(key: string): void {
    const job = this.jobs.get(key);
    const isAdmitted = isTrue(job?.status?.conditions, 'Admitted');
    const isOfGeneration = (decided: Decided<unknown>) => decided.generation === job?.metadata.generation;
    const admission = this.#admissions.get(key);
    if (admission !== undefined) {
      const isStored = isAdmitted || isTrue(job?.status?.conditions, 'Failed');
      if (isStored || !isOfGeneration(admission)) this.#forget(this.#admissions, key);
    }
    if (this.#evictions.has(key) && !isAdmitted) this.#forget(this.#evictions, key);
    const resize = this.#resizes.get(key);
    if (resize !== undefined) {
      const placement = isAdmitted ? job?.status?.placement : undefined;
      const isStored = placement?.nodes.join() === resize.what.nodes.join();
      if (placement === undefined || isStored || !isOfGeneration(resize)) this.#forget(this.#resizes, key);
    }
  }

  #forget(decisions: Map<string, unknown>, key: string): void {
    decisions.delete(key);
    this.onChange(key);
  }
}

const ofGeneration = <T>(decided: Decided<T> | undefined, generation: number) =>
  decided?.generation === generation ? decided.what : undefined;
