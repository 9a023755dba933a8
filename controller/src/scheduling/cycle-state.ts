import { LazySorted, QuotaLedger } from '../queueing/index.js';
import { endIfStarted, endOf } from './estimates.js';
import { FreeGpus } from './place.js';
import type { Admission, Eviction, Reservation, Resize, Waiting } from './plan.js';
import type { SchedulingPolicy } from './policy.js';
import { shapeOf } from './shape.js';
import type { PendingJob, RunningJob, Snapshot } from './snapshot.js';

/** Why a job does not start, before its place in the queue is known. */
export type Refusal = Omit<Waiting, 'key' | 'position' | 'ahead'>;

/** A running job and when it gives its GPUs back, in ms. */
export interface Ending {
  readonly job: RunningJob;
  readonly end: number;
}

/** What a cycle has decided so far and what is left to decide about. */
export class CycleState {
  readonly ledger: QuotaLedger;
  readonly free: FreeGpus;
  readonly admissions = new Map<string, { readonly job: PendingJob; readonly admission: Admission }>();
  readonly refusals = new Map<string, Refusal>();
  readonly evictions = new Map<string, Eviction>();
  readonly resizes = new Map<string, Resize>();
  readonly reservations: Reservation[] = [];
  /** Quota that is kept for the jobs of `reservations`. */
  readonly held: { readonly queue: string; readonly flavor: string; readonly gpus: number }[] = [];
  /** Flavors that somebody waits for. */
  readonly wanted = new Set<string>();
  /** Endings that may still be looked at, for all jobs together; the first one may use up all. */
  lookahead: number;
  #started: { readonly count: number; readonly byFlavor: Map<string, Ending[]> } | undefined;
  /** Jobs for which victims were looked for. */
  attempts = 0;
  readonly #shapes = new Map<
    string,
    Map<string, { readonly gpuSeconds: number; readonly refusal: Refusal }>
  >();
  readonly #byEnd = new Map<string, LazySorted<Ending>>();
  #byFlavor: ReadonlyMap<string, readonly RunningJob[]> | undefined;
  #byQueue: ReadonlyMap<string, readonly RunningJob[]> | undefined;
  #leaving: ReadonlyMap<string, readonly RunningJob[]> | undefined;
  #shrinkable: ReadonlyMap<string, readonly RunningJob[]> | undefined;
  #cohorts: Map<string, string[]> | undefined;

  constructor(
    readonly snapshot: Snapshot,
    readonly policy: SchedulingPolicy,
  ) {
    this.ledger = new QuotaLedger(snapshot.queues.values());
    for (const job of snapshot.running)
      this.ledger.take(job.queueName, job.flavor, job.nodes.length * job.gpusPerWorker);
    this.free = new FreeGpus(snapshot.pool);
    this.lookahead = policy.lookahead;
  }

  get now(): number {
    return this.snapshot.now;
  }

  admit(job: PendingJob, admission: Admission): void {
    this.#take(job, admission, 1);
    this.admissions.set(job.key, { job, admission });
  }

  /** Undoes {@link admit}, to admit the same job with more workers. */
  withdraw(job: PendingJob, admission: Admission): void {
    this.#take(job, admission, -1);
    this.admissions.delete(job.key);
  }

  #take(job: PendingJob, { flavor, nodes }: Admission, sign: 1 | -1): void {
    const until = endIfStarted(job, nodes.length, this.now);
    this.free.take(flavor, sign * job.gpusPerWorker, nodes, until);
    this.ledger.take(job.queueName, flavor, sign * nodes.length * job.gpusPerWorker, until);
  }

  /** The job is refused, and so are all of its queue that ask for the same for as long or longer. */
  refuseShape(job: PendingJob, refusal: Refusal): void {
    this.refusals.set(job.key, refusal);
    let ofQueue = this.#shapes.get(job.queueName);
    if (ofQueue === undefined) this.#shapes.set(job.queueName, (ofQueue = new Map()));
    ofQueue.set(shapeOf(job), { gpuSeconds: job.gpuSeconds ?? Number.POSITIVE_INFINITY, refusal });
  }

  /** What {@link refuseShape} said of others that holds for this job too. */
  refusalOfShape(job: PendingJob): Refusal | undefined {
    const known = this.#shapes.get(job.queueName)?.get(shapeOf(job));
    if (known === undefined || (job.gpuSeconds ?? Number.POSITIVE_INFINITY) < known.gpuSeconds)
      return undefined;
    return known.refusal;
  }

  /** Running jobs of a flavor and when they end, the one that ends first first. */
  runningByEnd(flavor: string): LazySorted<Ending> {
    let sorted = this.#byEnd.get(flavor);
    if (sorted === undefined) {
      const endings = this.running(flavor).map((job) => ({ job, end: endOf(job, this.now) }));
      sorted = new LazySorted(endings, (a, b) => a.end < b.end || (a.end === b.end && a.job.key < b.job.key));
      this.#byEnd.set(flavor, sorted);
    }
    return sorted;
  }

  /** Jobs that start in this cycle and when they end as far as anybody knows, the one that ends first first. */
  startedByEnd(flavor: string): readonly Ending[] {
    if (this.#started?.count !== this.admissions.size) {
      const byFlavor = new Map<string, Ending[]>();
      for (const { job, admission } of this.admissions.values()) {
        const asRunning = { ...job, ...admission, startedAt: this.now };
        const known = endIfStarted(job, admission.nodes.length, this.now);
        const ending = { job: asRunning, end: Number.isFinite(known) ? known : endOf(asRunning, this.now) };
        const list = byFlavor.get(admission.flavor);
        if (list === undefined) byFlavor.set(admission.flavor, [ending]);
        else list.push(ending);
      }
      for (const list of byFlavor.values()) list.sort((a, b) => a.end - b.end);
      this.#started = { count: this.admissions.size, byFlavor };
    }
    return this.#started.byFlavor.get(flavor) ?? [];
  }

  /** Whether what one queue gives back can be of use to the other. */
  sharesQuota(queue: string, other: string): boolean {
    if (queue === other) return true;
    const cohort = this.snapshot.queues.get(queue)?.cohort;
    return cohort !== undefined && cohort === this.snapshot.queues.get(other)?.cohort;
  }

  running(flavor: string): readonly RunningJob[] {
    this.#byFlavor ??= group(this.snapshot.running, (job) => job.flavor);
    return this.#byFlavor.get(flavor) ?? [];
  }

  runningOfQueue(queue: string): readonly RunningJob[] {
    this.#byQueue ??= group(this.snapshot.running, (job) => job.queueName);
    return this.#byQueue.get(queue) ?? [];
  }

  /** Running jobs of a flavor that were told in an earlier cycle to give their GPUs back. */
  leaving(flavor: string): readonly RunningJob[] {
    this.#leaving ??= group(
      this.snapshot.running.filter(({ givesBackBy }) => givesBackBy !== undefined),
      (job) => job.flavor,
    );
    return this.#leaving.get(flavor) ?? [];
  }

  /** Running jobs of a flavor with more workers than their fewest. */
  shrinkable(flavor: string): readonly RunningJob[] {
    this.#shrinkable ??= group(
      this.snapshot.running.filter(({ nodes, min }) => nodes.length > min),
      (job) => job.flavor,
    );
    return this.#shrinkable.get(flavor) ?? [];
  }

  /** Names of the queues of a cohort. */
  cohort(name: string): readonly string[] {
    if (this.#cohorts === undefined) {
      this.#cohorts = new Map();
      for (const queue of this.snapshot.queues.values()) {
        if (queue.cohort === undefined) continue;
        const members = this.#cohorts.get(queue.cohort);
        if (members === undefined) this.#cohorts.set(queue.cohort, [queue.name]);
        else members.push(queue.name);
      }
    }
    return this.#cohorts.get(name) ?? [];
  }

  /** It was told, earlier or in this cycle, to give GPUs back. */
  isLeaving(job: RunningJob): boolean {
    return job.givesBackBy !== undefined || this.isLeavingNow(job);
  }

  /** It is told in this cycle to give GPUs back; they are for somebody already. */
  isLeavingNow(job: RunningJob): boolean {
    return this.evictions.has(job.key) || this.resizes.has(job.key);
  }
}

function group(jobs: readonly RunningJob[], by: (job: RunningJob) => string): Map<string, RunningJob[]> {
  const groups = new Map<string, RunningJob[]>();
  for (const job of jobs) {
    const name = by(job);
    const list = groups.get(name);
    if (list === undefined) groups.set(name, [job]);
    else list.push(job);
  }
  return groups;
}
