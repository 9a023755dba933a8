import { digestOf } from './digest-of.js';
import type { Scalars, SharedWork } from './group.js';
import { PartialSums, type VectorPool } from './partial-sums.js';
import type { SumFormat } from './sum-format.js';
import type { Block } from './tree.js';

/**
 * This member's own share of one work. It outlives generations: units computed stay summed, and the unit being
 * computed goes on while the members regroup.
 */
export class Computation {
  readonly sums: PartialSums;
  /** Spent on units, those computed aside left out. */
  seconds = 0;
  /** Units that took them. */
  computed = 0;
  #queue: number[] = [];
  #current: number | undefined;
  #discardCurrent = false;
  #running: Promise<void> | undefined;
  /** The newest unit on its way into the sums, which are not to be looked at before. */
  #summing: Promise<void> = Promise.resolve();
  #aside: Promise<unknown> = Promise.resolve();
  #error: { readonly cause: unknown } | undefined;
  readonly #digests = new Map<number, string>();

  constructor(
    readonly work: SharedWork,
    pool: VectorPool<Float32Array>,
    readonly format: SumFormat,
  ) {
    this.sums = new PartialSums(work.count, work.vectorLength, pool, format);
  }

  /** What this member can promise to its peers: what it has, and what it is computing. */
  async claims(): Promise<Block[]> {
    await this.#summing;
    const current = this.#current;
    const held = this.sums.blocks();
    return current === undefined || this.#discardCurrent ? held : [...held, { start: current, size: 1 }];
  }

  /** Stops after the unit being computed. */
  pause(): void {
    this.#queue = [];
  }

  /** Computes exactly `units`: drops what is not among them, adds what is missing; resolves when all are summed. */
  async complete(units: readonly number[]): Promise<void> {
    const wanted = new Set(units);
    await this.#summing;
    this.sums.retain(wanted);
    this.#discardCurrent = this.#current !== undefined && !wanted.has(this.#current);
    this.#queue = units.filter((unit) => unit !== this.#current && !this.sums.holds(unit));
    await this.#aside;
    while (this.#queue.length > 0 || this.#running !== undefined) {
      this.#running ??= this.#run().finally(() => (this.#running = undefined));
      await this.#running;
    }
    if (this.#error !== undefined) throw this.#error.cause;
  }

  /**
   * Digest of a unit of a work that is verified: as it was computed, or else computed now, aside from the sums.
   * Only while nothing else is being computed.
   */
  async digest(unit: number): Promise<string> {
    const known = this.#digests.get(unit) ?? (await this.digestAgain(unit));
    this.#digests.set(unit, known);
    return known;
  }

  /** Digest of a unit computed once more. */
  digestAgain(unit: number): Promise<string> {
    const digest = this.#inspect(unit);
    this.#aside = digest.catch(() => {});
    return digest;
  }

  /** Resolves when nothing is being computed. */
  async idle(): Promise<void> {
    this.pause();
    await this.#aside;
    while (this.#running !== undefined) await this.#running;
  }

  async #inspect(unit: number): Promise<string> {
    const vector = this.sums.borrow();
    try {
      return await digestOf(vector, await this.work.compute(unit, vector));
    } finally {
      this.sums.release(vector);
    }
  }

  async #run(): Promise<void> {
    for (let unit = this.#queue.shift(); unit !== undefined; unit = this.#queue.shift()) {
      this.#current = unit;
      const vector = this.sums.borrow();
      const began = performance.now();
      let scalars: Scalars | undefined;
      try {
        scalars = await this.work.compute(unit, vector);
      } catch (cause) {
        this.#error ??= { cause };
        this.#queue = [];
      }
      this.seconds += (performance.now() - began) / 1000;
      this.computed += 1;
      // Before the sum takes the vector over.
      if (scalars !== undefined && this.work.verification !== undefined)
        this.#digests.set(unit, await digestOf(vector, scalars));
      this.#current = undefined;
      if (scalars === undefined || this.#discardCurrent) this.sums.release(vector);
      else await (this.#summing = this.sums.add(unit, vector, scalars));
      this.#discardCurrent = false;
    }
  }
}
