import { firstIndex } from './first-index.js';
import type { Ordered } from './order.js';
import { compareJobs } from './order.js';

export interface Queued extends Ordered {
  readonly queueName: string;
}

/** Waiting jobs by queue, each queue in its order. */
export type Backlog<T extends Queued> = ReadonlyMap<string, readonly T[]>;

/** Sorts jobs into queues. */
export function backlogOf<T extends Queued>(jobs: Iterable<T>): Backlog<T> {
  const queues = new Map<string, T[]>();
  for (const job of jobs) {
    const queue = queues.get(job.queueName);
    if (queue === undefined) queues.set(job.queueName, [job]);
    else queue.push(job);
  }
  for (const queue of queues.values()) if (!isSorted(queue)) queue.sort(compareJobs);
  return queues;
}

/** A backlog that is kept in order as jobs come and go, for callers that run many cycles. */
export class LiveBacklog<T extends Queued> {
  readonly #queues = new Map<string, T[]>();

  /** The same map after every change: read it, do not keep it. */
  get view(): Backlog<T> {
    return this.#queues;
  }

  add(job: T): void {
    const queue = this.#queues.get(job.queueName);
    if (queue === undefined) {
      this.#queues.set(job.queueName, [job]);
      return;
    }
    queue.splice(position(queue, job), 0, job);
  }

  remove(job: T): void {
    const queue = this.#queues.get(job.queueName);
    const at = queue === undefined ? -1 : position(queue, job);
    if (queue?.[at]?.key !== job.key) return;
    queue.splice(at, 1);
    if (queue.length === 0) this.#queues.delete(job.queueName);
  }
}

/** Where the job stands, or would stand, in a sorted queue. */
const position = (queue: readonly Ordered[], job: Ordered) =>
  firstIndex(queue, (other) => compareJobs(other, job) >= 0);

function isSorted(jobs: readonly Ordered[]): boolean {
  for (let i = 1; i < jobs.length; i++) {
    if (compareJobs(jobs[i - 1] as Ordered, jobs[i] as Ordered) > 0) return false;
  }
  return true;
}
