import { compareKeys, SortedList } from '../queueing/index.js';
import type { RunningJob } from './snapshot.js';

/** GPUs of a flavor that the jobs of a queue hold. */
export interface Usage {
  readonly queue: string;
  readonly flavor: string;
  readonly gpus: number;
  /** It comes free by itself. @default false */
  readonly isLeaving?: boolean | undefined;
}

/** The running jobs of a snapshot as a cycle asks for them. */
export interface RunningJobs extends Iterable<RunningJob> {
  readonly size: number;
  get(key: string): RunningJob | undefined;
  usage(): Iterable<Usage>;
  ofQueue(queue: string): Iterable<RunningJob>;
  /** How many {@link ofQueue} gives. */
  countOf(queue: string): number;
  /** Told in an earlier cycle to give GPUs back. */
  leaving(flavor: string): Iterable<RunningJob>;
  /** With more workers than their fewest. */
  shrinkable(flavor: string): Iterable<RunningJob>;
  /** With fewer workers than their most. */
  growable(): Iterable<readonly [flavor: string, jobs: Iterable<RunningJob>]>;
  /** With workers that lost their nodes. */
  damaged(): Iterable<RunningJob>;
  /** With more workers than their most, because their spec changed. */
  oversized(): Iterable<RunningJob>;
  /** Not leaving, with an estimated end: the one that ends first first. */
  withKnownEnd(flavor: string): readonly RunningJob[];
  /** Not leaving, without an estimated end: the one that started last first. */
  withUnknownEnd(flavor: string): readonly RunningJob[];
}

/** Builds {@link RunningJobs} of a list at once. */
export function runningJobsOf(jobs: Iterable<RunningJob>): LiveRunningJobs {
  const running = new LiveRunningJobs();
  for (const job of jobs) running.set(job);
  return running;
}

/**
 * Running jobs, kept as a cycle asks for them while they come, change and go: so a cycle costs what changes and what
 * it looks at, not what runs. It must not change during a cycle.
 */
export class LiveRunningJobs implements RunningJobs {
  readonly #jobs = new Map<string, RunningJob>();
  readonly #usage = new Map<string, Map<string, number>>();
  readonly #byQueue = new Groups();
  readonly #leaving = new Groups();
  readonly #shrinkable = new Groups();
  readonly #growable = new Groups();
  readonly #damaged = new Set<RunningJob>();
  readonly #oversized = new Set<RunningJob>();
  readonly #known = new Map<string, SortedList<RunningJob>>();
  readonly #unknown = new Map<string, SortedList<RunningJob>>();

  get size(): number {
    return this.#jobs.size;
  }

  [Symbol.iterator](): Iterator<RunningJob> {
    return this.#jobs.values();
  }

  get(key: string): RunningJob | undefined {
    return this.#jobs.get(key);
  }

  /** Adds the job, or takes the place of what was known of it. The same object again costs nothing. */
  set(job: RunningJob): void {
    if (this.#jobs.get(job.key) === job) return;
    this.delete(job.key);
    this.#jobs.set(job.key, job);
    this.#use(job, 1);
    this.#byQueue.add(job.queueName, job);
    // Which of its workers are left is settled first.
    if ((job.lost ?? []).length > 0) this.#damaged.add(job);
    else if (job.nodes.length > job.min) this.#shrinkable.add(job.flavor, job);
    if (job.nodes.length < job.max && !this.#damaged.has(job)) this.#growable.add(job.flavor, job);
    if (job.nodes.length > job.max) this.#oversized.add(job);
    if (job.givesBackBy !== undefined) this.#leaving.add(job.flavor, job);
    else this.#endings(job).add(job);
  }

  delete(key: string): void {
    const job = this.#jobs.get(key);
    if (job === undefined) return;
    this.#jobs.delete(key);
    this.#use(job, -1);
    this.#byQueue.remove(job.queueName, job);
    this.#shrinkable.remove(job.flavor, job);
    this.#growable.remove(job.flavor, job);
    this.#damaged.delete(job);
    this.#oversized.delete(job);
    this.#leaving.remove(job.flavor, job);
    if (job.givesBackBy === undefined) this.#endings(job).remove(job);
  }

  *usage(): Iterable<Usage> {
    for (const [queue, flavors] of this.#usage)
      for (const [flavor, gpus] of flavors) if (gpus > 0) yield { queue, flavor, gpus };
  }

  ofQueue(queue: string): Iterable<RunningJob> {
    return this.#byQueue.of(queue);
  }

  countOf(queue: string): number {
    return this.#byQueue.countOf(queue);
  }

  leaving(flavor: string): Iterable<RunningJob> {
    return this.#leaving.of(flavor);
  }

  shrinkable(flavor: string): Iterable<RunningJob> {
    return this.#shrinkable.of(flavor);
  }

  growable(): Iterable<readonly [string, Iterable<RunningJob>]> {
    return this.#growable.all();
  }

  damaged(): Iterable<RunningJob> {
    return this.#damaged;
  }

  oversized(): Iterable<RunningJob> {
    return this.#oversized;
  }

  withKnownEnd(flavor: string): readonly RunningJob[] {
    return this.#known.get(flavor)?.items ?? [];
  }

  withUnknownEnd(flavor: string): readonly RunningJob[] {
    return this.#unknown.get(flavor)?.items ?? [];
  }

  #use(job: RunningJob, sign: 1 | -1): void {
    let flavors = this.#usage.get(job.queueName);
    if (flavors === undefined) this.#usage.set(job.queueName, (flavors = new Map()));
    const gpus = sign * job.nodes.length * job.gpusPerWorker;
    flavors.set(job.flavor, (flavors.get(job.flavor) ?? 0) + gpus);
  }

  #endings({ flavor, estimatedEnd }: RunningJob): SortedList<RunningJob> {
    const lists = estimatedEnd === undefined ? this.#unknown : this.#known;
    let list = lists.get(flavor);
    if (list === undefined)
      lists.set(flavor, (list = new SortedList(estimatedEnd === undefined ? byStart : byEstimatedEnd)));
    return list;
  }
}

const byEstimatedEnd = (a: RunningJob, b: RunningJob) =>
  (a.estimatedEnd ?? 0) - (b.estimatedEnd ?? 0) || compareKeys(a, b);
const byStart = (a: RunningJob, b: RunningJob) => b.startedAt - a.startedAt || compareKeys(a, b);

/** Sets of jobs by a name. */
class Groups {
  readonly #groups = new Map<string, Set<RunningJob>>();

  of(name: string): Iterable<RunningJob> {
    return this.#groups.get(name) ?? [];
  }

  countOf(name: string): number {
    return this.#groups.get(name)?.size ?? 0;
  }

  all(): Iterable<readonly [string, Iterable<RunningJob>]> {
    return this.#groups;
  }

  add(name: string, job: RunningJob): void {
    const group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, new Set([job]));
    else group.add(job);
  }

  remove(name: string, job: RunningJob): void {
    this.#groups.get(name)?.delete(job);
  }
}
