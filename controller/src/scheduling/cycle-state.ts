import { compareKeys, QuotaLedger, SortedList } from '../queueing/index.js';
import { Endings, type Ending } from './endings.js';
import { endIfStarted, endOf, gpuSecondsOf } from './estimates.js';
import { FreeGpus } from './place.js';
import type { Admission, Eviction, Reservation, Resize, Waiting } from './plan.js';
import type { SchedulingPolicy } from './policy.js';
import { usageOf } from './queue-use.js';
import { shapeOf } from './shape.js';
import type { PendingJob, RunningJob, Snapshot } from './snapshot.js';

/** Why a job does not start, before its place in the queue is known. */
export type Refusal = Omit<Waiting, 'key' | 'position' | 'ahead'>;

/** Jobs of a shape that need so many GPU-seconds or more are refused. */
export interface RefusedShape {
  readonly gpuSeconds: number;
  readonly refusal: Refusal;
}

/** What was said of a shape, if it holds for this job of the shape too. */
export const refusalOf = (known: RefusedShape | undefined, job: PendingJob) =>
  known === undefined || gpuSecondsOf(job) < known.gpuSeconds ? undefined : known.refusal;

/** What a cycle has decided so far and what is left to decide about. */
export class CycleState {
  readonly ledger: QuotaLedger;
  readonly free: FreeGpus;
  readonly admissions = new Map<string, { readonly job: PendingJob; readonly admission: Admission }>();
  readonly #refusals = new Map<string, Map<string, Refusal>>();
  readonly evictions = new Map<string, Eviction>();
  readonly resizes = new Map<string, Resize>();
  readonly reservations: Reservation[] = [];
  /** Jobs for which nobody was told to make room because enough is expected to end as soon. */
  readonly postponed = new Set<string>();
  /** Quota that is kept for the jobs of `reservations`. */
  readonly held: { readonly queue: string; readonly flavor: string; readonly gpus: number }[] = [];
  /** Flavors that somebody waits for. */
  readonly wanted = new Set<string>();
  /** Endings that may still be looked at, for all jobs together; the first one may use up all. */
  lookahead: number;
  readonly #started = new Map<string, SortedList<Ending>>();
  /** Jobs for which victims were looked for. */
  attempts = 0;
  readonly #shapes = new Map<string, Map<string, RefusedShape>>();
  /** Jobs that start, by queue. */
  readonly #starting = new Map<string, number>();
  readonly #endings = new Map<string, Endings>();
  #cohorts: Map<string, string[]> | undefined;

  constructor(
    readonly snapshot: Snapshot,
    readonly policy: SchedulingPolicy,
  ) {
    this.ledger = new QuotaLedger(snapshot.queues.values());
    for (const { queue, flavor, gpus } of usageOf(snapshot)) this.ledger.take(queue, flavor, gpus);
    this.free = new FreeGpus(snapshot.pool);
    this.lookahead = policy.lookahead;
  }

  get now(): number {
    return this.snapshot.now;
  }

  admit(job: PendingJob, admission: Admission): void {
    this.#take(job, admission, 1);
    this.admissions.set(job.key, { job, admission });
    this.#startedOf(admission.flavor).add(this.#endOfStarted(job, admission));
  }

  /** Undoes {@link admit}, to admit the same job with more workers. */
  withdraw(job: PendingJob, admission: Admission): void {
    this.#take(job, admission, -1);
    this.admissions.delete(job.key);
    this.#startedOf(admission.flavor).remove(this.#endOfStarted(job, admission));
  }

  #take(job: PendingJob, { flavor, nodes }: Admission, sign: 1 | -1): void {
    const until = endIfStarted(job, nodes.length, this.now);
    const { gpusPerWorker, requests } = job;
    this.free.take({ flavor, gpusPerWorker, requests, until }, nodes, sign);
    this.ledger.take(job.queueName, flavor, sign * nodes.length * job.gpusPerWorker, until);
    this.#starting.set(job.queueName, (this.#starting.get(job.queueName) ?? 0) + sign);
  }

  refuse(job: PendingJob, refusal: Refusal): void {
    const ofQueue = this.#refusals.get(job.queueName);
    if (ofQueue === undefined) this.#refusals.set(job.queueName, new Map([[job.key, refusal]]));
    else ofQueue.set(job.key, refusal);
  }

  /** What was said of jobs of the queue, by their keys. */
  refusals(queue: string): ReadonlyMap<string, Refusal> {
    return this.#refusals.get(queue) ?? NONE;
  }

  /** The job is refused, and so are all of its queue that ask for the same for as long or longer. */
  refuseShape(job: PendingJob, refusal: Refusal): void {
    this.refuse(job, refusal);
    this.#shapesOf(job.queueName).set(shapeOf(job), { gpuSeconds: gpuSecondsOf(job), refusal });
  }

  /** What {@link refuseShape} said and will say of jobs of the queue, by shape. */
  refusedShapes(queue: string): ReadonlyMap<string, RefusedShape> {
    return this.#shapesOf(queue);
  }

  #shapesOf(queue: string): Map<string, RefusedShape> {
    let shapes = this.#shapes.get(queue);
    if (shapes === undefined) this.#shapes.set(queue, (shapes = new Map()));
    return shapes;
  }

  /** How many jobs of the queue start in this cycle. */
  startingOf(queue: string): number {
    return this.#starting.get(queue) ?? 0;
  }

  /** Running jobs of a flavor and when they end, the one that ends first first. */
  runningByEnd(flavor: string): Endings {
    let endings = this.#endings.get(flavor);
    if (endings === undefined)
      this.#endings.set(flavor, (endings = new Endings(this.snapshot.running, flavor, this.now)));
    return endings;
  }

  /** Jobs that start in this cycle and when they end as far as anybody knows, the one that ends first first. */
  startedByEnd(flavor: string): readonly Ending[] {
    return this.#startedOf(flavor).items;
  }

  #startedOf(flavor: string): SortedList<Ending> {
    let started = this.#started.get(flavor);
    if (started === undefined) this.#started.set(flavor, (started = new SortedList(byEnd)));
    return started;
  }

  #endOfStarted(job: PendingJob, admission: Admission): Ending {
    const asRunning = { ...job, ...admission, startedAt: this.now };
    const known = endIfStarted(job, admission.nodes.length, this.now);
    return { job: asRunning, end: Number.isFinite(known) ? known : endOf(asRunning, this.now) };
  }

  /** Whether what one queue gives back can be of use to the other. */
  sharesQuota(queue: string, other: string): boolean {
    if (queue === other) return true;
    const cohort = this.snapshot.queues.get(queue)?.cohort;
    return cohort !== undefined && cohort === this.snapshot.queues.get(other)?.cohort;
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

const NONE: ReadonlyMap<string, Refusal> = new Map();

const byEnd = (a: Ending, b: Ending) => a.end - b.end || compareKeys(a.job, b.job);
