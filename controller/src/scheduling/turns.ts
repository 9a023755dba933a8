import { compareAges, Heap } from '../queueing/index.js';
import type { CycleState } from './cycle-state.js';
import type { PendingJob } from './snapshot.js';

/** Where a cycle stands in one queue. */
interface Cursor {
  readonly queue: string;
  readonly jobs: readonly PendingJob[];
  readonly isDecided: (job: PendingJob) => boolean;
  at: number;
  /** Jobs that may still be tried. */
  left: number;
  /** The share that the queue would have with its next job. */
  share: number;
}

/**
 * Whose turn it is: the next job of the queue that would have the smallest share of what its cohort lends; of equal
 * shares (all queues within their quota have 0) the older job. A team's priorities are for its own queue alone.
 */
export class Turns {
  readonly #heap: Heap<Cursor>;

  constructor(
    private readonly state: CycleState,
    queues: Iterable<{ readonly queue: string; readonly from: number }>,
    depth: number,
    /** Of a queue, the jobs that need no turn, because it is known what would come of it. */
    decidedIn: (queue: string) => (job: PendingJob) => boolean = () => () => false,
  ) {
    const cursors: Cursor[] = [];
    for (const { queue, from } of queues) {
      const jobs = state.snapshot.pending.get(queue) ?? [];
      const cursor = { queue, jobs, isDecided: decidedIn(queue), at: from, left: depth, share: 0 };
      if (this.#prepare(cursor)) cursors.push(cursor);
    }
    this.#heap = new Heap<Cursor>(before, cursors);
  }

  /** The job whose turn it is; its queue has its next turn only after `again`. */
  next(): { readonly job: PendingJob; readonly index: number; readonly again: () => void } | undefined {
    const cursor = this.#heap.pop();
    const job = cursor?.jobs[cursor.at];
    if (cursor === undefined || job === undefined) return undefined;
    const index = cursor.at;
    const again = () => {
      cursor.at++;
      cursor.left--;
      if (this.#prepare(cursor)) this.#heap.push(cursor);
    };
    return { job, index, again };
  }

  /** Skips what cannot have a turn; false when nothing is left. */
  #prepare(cursor: Cursor): boolean {
    let job = cursor.jobs[cursor.at];
    while (job !== undefined && (job.held !== undefined || cursor.isDecided(job)))
      job = cursor.jobs[++cursor.at];
    if (job === undefined || cursor.left <= 0) return false;
    const flavor = job.flavors?.[0] ?? this.state.snapshot.queues.get(cursor.queue)?.quotas[0]?.flavor;
    cursor.share = this.state.ledger.share(cursor.queue, flavor, job.min * job.gpusPerWorker);
    return true;
  }
}

function before(a: Cursor, b: Cursor): boolean {
  if (a.share !== b.share) return a.share < b.share;
  const [jobA, jobB] = [a.jobs[a.at], b.jobs[b.at]];
  return jobA !== undefined && jobB !== undefined && compareAges(jobA, jobB) < 0;
}
