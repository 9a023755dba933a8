import { firstIndex } from '../queueing/index.js';
import { endOf } from './estimates.js';
import type { RunningJobs } from './running-jobs.js';
import type { RunningJob } from './snapshot.js';

/** A running job and when it gives its GPUs back, in ms. */
export interface Ending {
  readonly job: RunningJob;
  readonly end: number;
}

/** Endings of the running jobs of a flavor that were not told to go, earliest first; found only as far as they are read. */
export class Endings {
  readonly #found: Ending[] = [];
  readonly #rest: Iterator<Ending>;

  constructor(running: RunningJobs, flavor: string, now: number) {
    this.#rest = inOrder(running, flavor, now);
  }

  /** The ending at an index of the order; undefined behind the last. */
  at(index: number): Ending | undefined {
    while (this.#found.length <= index) {
      const next = this.#rest.next();
      if (next.done === true) return undefined;
      this.#found.push(next.value);
    }
    return this.#found[index];
  }
}

function* inOrder(running: RunningJobs, flavor: string, now: number): Generator<Ending> {
  const known = running.withKnownEnd(flavor);
  const unknown = running.withUnknownEnd(flavor);
  // Three lists that are in order each: what should have ended, what will end, and what nobody knows.
  const overdue = firstIndex(known, ({ estimatedEnd = 0 }) => estimatedEnd > now);
  const at = { overdue: overdue - 1, known: overdue, unknown: 0 };
  for (;;) {
    // The longest overdue is expected last.
    const late = known[at.overdue];
    const next = [late, known[at.known], unknown[at.unknown]];
    let first: Ending | undefined;
    let from = -1;
    for (const [list, job] of next.entries()) {
      if (job === undefined) continue;
      const end = endOf(job, now);
      if (first !== undefined && end >= first.end) continue;
      first = { job, end };
      from = list;
    }
    if (first === undefined) return;
    if (from === 0) at.overdue--;
    else if (from === 1) at.known++;
    else at.unknown++;
    yield first;
  }
}
