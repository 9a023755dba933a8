import type { FineTuneJob, ResolvedSpec, WaitingReason } from '../api/index.js';
import type { Clock } from '../kube/index.js';
import { admitsNamespace } from '../queueing/index.js';
import type {
  Admission,
  Eviction,
  Plan,
  LentUse,
  Resize,
  SchedulingPolicy,
  Snapshot,
  Waiting,
} from '../scheduling/index.js';
import { schedule } from '../scheduling/index.js';
import type { Caches } from './caches.js';
import { LiveSnapshot } from './live-snapshot.js';
import { LiveQueueFigures } from './live-queue-figures.js';
import type { PoolFlavor, QueueFigures } from './queue-figures.js';
import { UndoneDecisions } from './undone-decisions.js';

export interface SchedulingLoopOptions {
  readonly caches: Caches;
  readonly clock: Clock;
  readonly resolve: (job: FineTuneJob) => ResolvedSpec | { readonly invalid: string };
  /** @default DEFAULT_POLICY */
  readonly policy?: SchedulingPolicy | undefined;
  /** Whether all is known that a job's placement needs; otherwise calls back once it is. @default always */
  readonly isSettled?: (job: FineTuneJob, later: () => void) => boolean;
  /** A job's admission or its reason to wait changed; look at it, at once or after a while. */
  readonly onVerdict: (key: string, afterMs: number) => void;
  /** What {@link SchedulingLoop.figuresOf} says of the queue changed. */
  readonly onFigures?: (queue: string) => void;
  /** Told of an object that the decisions cannot take into account. */
  readonly onFault?: (key: string, error: unknown) => void;
  /** Told of every cycle. */
  readonly onCycle?: (cycle: Cycle) => void;
}

/** What one cycle took and decided. */
export interface Cycle {
  /** For the snapshot, and for the decision. */
  readonly seconds: { readonly snapshot: number; readonly decide: number };
  readonly isPartial: boolean;
  /** All jobs that wait, as far as is known. */
  readonly waiting: Iterable<WaitingJob>;
  /** Of every queue, what it holds of each flavor. */
  readonly usage: () => Iterable<readonly [queue: string, usage: readonly LentUse[]]>;
  /** Flavors of the pool and of all quotas. */
  readonly pool: ReadonlyMap<string, PoolFlavor>;
}

/** Why a job waits, in figures. */
export interface WaitingJob {
  readonly reason: WaitingReason;
  /** Absent: the queue that it names does not exist, or does not admit jobs of its namespace. */
  readonly queue?: string | undefined;
}

/** Why a generation of a job waits, and the cycle that said so last. */
interface Verdict {
  readonly waiting: Waiting;
  /** The queue that it names. */
  readonly queue: string;
  readonly generation: number;
  cycle: number;
}

/** A position that only moved is shown after this much for each waiting job, so that long queues cost few writes. */
const REFRESH_MS_PER_JOB = 100;
const MIN_REFRESH_MS = 1000;

/** Runs scheduling cycles over the caches and remembers what they decided until the objects show it. */
export class SchedulingLoop {
  readonly #undone: UndoneDecisions;
  readonly #snapshot: LiveSnapshot;
  readonly #waiting = new Map<string, Verdict>();
  /** In memory only: after a restart an estimate may put a waiting job off once more. */
  readonly #postponed = new Map<string, number>();
  #cycle = 0;
  #current: Snapshot;
  readonly #figures: LiveQueueFigures;

  constructor(private readonly options: SchedulingLoopOptions) {
    const { jobs, queues, nodes, pods, namespaces } = options.caches;
    this.#undone = new UndoneDecisions(jobs.cache, (key) => this.#snapshot.touch(key));
    this.#snapshot = new LiveSnapshot(
      {
        jobs: jobs.cache,
        queues: queues.cache,
        nodes: nodes.cache,
        pods: pods.cache,
        namespaces: namespaces.cache,
      },
      (key) => this.#undone.of(key),
      options.resolve,
      options.isSettled,
      options.onFault,
    );
    this.#current = this.#snapshot.at(options.clock.now());
    this.#figures = new LiveQueueFigures(this.#current, (key) => this.#waiting.get(key)?.waiting.reason);
  }

  /** Follows the caches no longer. */
  close(): void {
    this.#undone.close();
    this.#snapshot.close();
  }

  /** The admission that is decided for this generation of the job but not yet stored. */
  admissionOf(key: string, generation: number): Admission | undefined {
    return this.#undone.admissionOf(key, generation);
  }

  /** Why the job must give its GPUs back to another one; undefined when it need not. */
  evictionOf(key: string): Eviction | undefined {
    return this.#undone.evictionOf(key);
  }

  /** The number of workers that is decided for this generation of the job but not yet stored. */
  resizeOf(key: string, generation: number): Resize | undefined {
    return this.#undone.resizeOf(key, generation);
  }

  /** Whether something was decided of the job that its object does not show yet. */
  isDecided(key: string): boolean {
    const { admission, resize, isEvicted } = this.#undone.of(key);
    return admission !== undefined || resize !== undefined || isEvicted;
  }

  /** Why this generation of the job waits; undefined until a cycle has looked at it. */
  waitingOf(key: string, generation: number): Waiting | undefined {
    const verdict = this.#waiting.get(key);
    return verdict?.generation === generation ? verdict.waiting : undefined;
  }

  /** What the queue holds and its jobs want, as the newest cycle left it; undefined when there is no such queue. */
  figuresOf(queue: string): QueueFigures | undefined {
    return this.#figures.of(queue);
  }

  /** One cycle: decide, and remember what was decided until the objects show it. */
  run(): Plan {
    const { clock, onVerdict, onCycle } = this.options;
    const started = clock.monotonic();
    const now = clock.now();
    const snapshot = { ...this.#snapshot.at(now), postponed: this.#postponed };
    const built = clock.monotonic();
    const plan = schedule(snapshot, this.options.policy);
    this.#rememberWaiting(plan);
    this.#rememberPostponed(plan, now);
    const decided = clock.monotonic();
    for (const key of this.#undone.remember(plan)) onVerdict(key, 0);
    this.#figures.reserve(plan, (key) => this.#gangOf(key));
    // With what was just decided, so that figures follow within the cycle.
    this.#current = this.#snapshot.at(now);
    const changed = this.#figures.renew(this.#current);
    this.#tell(() =>
      onCycle?.({
        seconds: { snapshot: (built - started) / 1000, decide: (decided - built) / 1000 },
        isPartial: plan.isPartial,
        waiting: this.#allWaiting(),
        usage: () => this.#figures.usage(),
        pool: this.#figures.pool,
      }),
    );
    for (const queue of changed) this.options.onFigures?.(queue);
    return plan;
  }

  /** Figures that cannot be shown do not undo what was decided. */
  #tell(report: () => void): void {
    try {
      report();
    } catch (error) {
      this.options.onFault?.('metrics', error);
    }
  }

  #rememberWaiting({ isPartial, admissions, waiting }: Plan): void {
    this.#cycle++;
    for (const { key } of admissions) this.#forget(key);
    const refreshMs = Math.max(MIN_REFRESH_MS, this.#waiting.size * REFRESH_MS_PER_JOB);
    for (const verdict of waiting) this.#remember(verdict, refreshMs);
    // What a partial plan does not tell is still as the last one told it.
    if (isPartial) return;
    for (const [key, { cycle }] of this.#waiting) if (cycle !== this.#cycle) this.#forget(key);
  }

  #forget(key: string): void {
    const queue = this.#waiting.get(key)?.queue;
    if (queue !== undefined) this.#figures.touch(queue);
    this.#waiting.delete(key);
  }

  #remember(waiting: Waiting, refreshMs: number): void {
    const { caches, onVerdict } = this.options;
    const { key } = waiting;
    const job = caches.jobs.cache.get(key);
    const generation = job?.metadata.generation ?? 0;
    const queue = job?.spec.queueName ?? '';
    const old = this.#waiting.get(key);
    if (old !== undefined && old.generation === generation && isSame(old.waiting, waiting)) {
      old.cycle = this.#cycle;
      return;
    }
    this.#waiting.set(key, { waiting, queue, generation, cycle: this.#cycle });
    if (old?.waiting.reason !== waiting.reason || old.generation !== generation) {
      for (const name of [old?.queue ?? queue, queue]) this.#figures.touch(name);
      onVerdict(key, 0);
    } else if (old.waiting.position !== waiting.position || old.waiting.message !== waiting.message)
      onVerdict(key, refreshMs);
  }

  #rememberPostponed({ postponed = NONE }: Plan, now: number): void {
    for (const key of this.#postponed.keys()) if (!this.#waiting.has(key)) this.#postponed.delete(key);
    for (const key of postponed) if (!this.#postponed.has(key)) this.#postponed.set(key, now);
  }

  *#allWaiting(): Generator<WaitingJob> {
    for (const { waiting, queue } of this.#waiting.values()) {
      const { key, reason } = waiting;
      yield { reason, queue: this.#mayUse(key, queue, reason) ? queue : undefined };
    }
  }

  #mayUse(key: string, name: string, reason: WaitingReason): boolean {
    if (!OF_THE_JOB_ALONE.has(reason)) return reason !== 'QueueNotFound' && reason !== 'NamespaceNotAllowed';
    const queue = this.#current.queues.get(name);
    const [namespace = ''] = key.split('/');
    const labels = this.#current.namespaces.get(namespace) ?? {};
    return queue !== undefined && admitsNamespace(queue, namespace, labels);
  }

  #gangOf(key: string): { readonly queue: string; readonly gpusPerWorker: number } | undefined {
    const { caches, resolve } = this.options;
    const job = caches.jobs.cache.get(key);
    const resolved = job === undefined ? undefined : resolve(job);
    if (job === undefined || resolved === undefined || 'invalid' in resolved) return undefined;
    return { queue: job.spec.queueName, gpusPerWorker: resolved.workers.gpusPerWorker };
  }
}

/** Reasons that are known before the queue is looked at. */
const OF_THE_JOB_ALONE: ReadonlySet<WaitingReason> = new Set(['Suspended', 'InvalidSpec', 'BackingOff']);

const NONE: ReadonlySet<string> = new Set();

const isSame = (a: Waiting, b: Waiting) =>
  a.position === b.position &&
  a.reason === b.reason &&
  a.message === b.message &&
  a.largestGangThatFits === b.largestGangThatFits &&
  a.estimatedStart === b.estimatedStart;
