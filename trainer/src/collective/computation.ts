import type { Scalars, SharedWork } from './group.js';
import { PartialSums, type VectorPool } from './partial-sums.js';
import type { Block } from './tree.js';

/**
 * This member's own share of one work. It outlives generations: units computed stay summed, and the unit being
 * computed goes on while the members regroup.
 */
export class Computation {
  readonly sums: PartialSums;
  seconds = 0;
  #queue: number[] = [];
  #current: number | undefined;
  #discardCurrent = false;
  #running: Promise<void> | undefined;
  #error: { readonly cause: unknown } | undefined;

  constructor(
    readonly work: SharedWork,
    pool: VectorPool,
  ) {
    this.sums = new PartialSums(work.count, work.vectorLength, pool);
  }

  /** What this member can promise to its peers: what it has, and what it is computing. */
  claims(): Block[] {
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
    this.sums.retain(wanted);
    this.#discardCurrent = this.#current !== undefined && !wanted.has(this.#current);
    this.#queue = units.filter((unit) => unit !== this.#current && !this.sums.holds(unit));
    while (this.#queue.length > 0 || this.#running !== undefined) {
      this.#running ??= this.#run().finally(() => (this.#running = undefined));
      await this.#running;
    }
    if (this.#error !== undefined) throw this.#error.cause;
  }

  /** Resolves when nothing is being computed. */
  async idle(): Promise<void> {
    this.pause();
    while (this.#running !== undefined) await this.#running;
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
      this.#current = undefined;
      if (scalars === undefined || this.#discardCurrent) this.sums.release(vector);
      else this.sums.add(unit, vector, scalars);
      this.#discardCurrent = false;
    }
  }
}
