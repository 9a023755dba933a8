import type { Logger } from 'pino';
import type { FineTuneJob, FineTuneJobStatus } from '../api/index.js';
import { isTrue } from '../api/index.js';
import type { JobCoordinator } from '../coordinator/job-coordinator.js';
import type { Clock, EventType, KubeClient, Turn, WorkQueueObserver } from '../kube/index.js';
import {
  EventRecorder,
  isConflict,
  isNotFound,
  keyOf,
  rateLimiterByTenant,
  runWorkers,
  sleep,
  systemClock,
  WorkQueue,
} from '../kube/index.js';
import { HubModels } from '../models/index.js';
import { DEFAULT_POLICY } from '../scheduling/index.js';
import type { Caches } from './caches.js';
import { BY_UID } from './caches.js';
import type { JobIdentities } from './job-identities.js';
import { JobReconciler } from './job-reconciler.js';
import { PinnedModels } from './pinned-model.js';
import { queueTerms } from './queue-terms.js';
import { QueueReconciler } from './queue-reconciler.js';
import { createResolver } from './resolve-cached.js';
import { SchedulingLoop, type Cycle } from './scheduling-loop.js';
import { tenantOf } from './tenant.js';
import { connectTriggers, CYCLE } from './triggers.js';
import type { WorkerPodOptions } from './worker-pod.js';
import type { VouchedStatuses } from './vouched-statuses.js';

export interface ControlLoopsOptions {
  readonly client: KubeClient;
  readonly caches: Caches;
  /** Those that the caches take unchecked. */
  readonly vouched: VouchedStatuses;
  readonly coordinator: JobCoordinator;
  readonly pods: WorkerPodOptions;
  readonly identities: JobIdentities;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Jobs reconciled at once. @default 8 */
  readonly workers?: number;
  /** A job's progress is written at most this often, in milliseconds. @default 1000 */
  readonly progressIntervalMs?: number;
  /** A job whose number of workers changed keeps it for so long, in milliseconds. @default 60000 */
  readonly resizeCooldownMs?: number | undefined;
  /** No job has longer to write a checkpoint, in seconds. @default 600 */
  readonly maxCheckpointGraceSeconds?: number | undefined;
  /** Hub that models are looked up on, such as https://huggingface.co. @default none */
  readonly hubEndpoint?: string | undefined;
  readonly observer?: ControlLoopsObserver;
}

/** What the loops report; metrics implement it. */
export interface ControlLoopsObserver {
  workQueue(name: string, queue: () => WorkQueue): WorkQueueObserver;
  cycle(cycle: Cycle): void;
  reconciled(controller: string, seconds: number, failed: boolean): void;
  status(job: FineTuneJob, before: FineTuneJobStatus | undefined): void;
  /** An object that some part of the controller cannot take into account. */
  fault(place: string): void;
}

/** After so many scheduling cycles in a row that failed as a whole, this process is not ready. */
const FAILED_CYCLES = 3;
/** After a cycle so many times its duration pass without one, within these limits. */
const REST_PER_CYCLE = 4;
const LEAST_REST_MS = 100;
const MOST_REST_MS = 500;
/**
 * A cycle runs at least so often: what is decided changes with time alone, as when a job has waited long enough to be
 * tried again or to grow, or when one that was expected to end does not.
 */
const CYCLE_EVERY_MS = 10_000;

/** Everything that acts: started when this process leads, and stopped before another one may. */
export class ControlLoops {
  readonly #queues: Readonly<Record<'jobs' | 'gpuQueues' | 'cycles', WorkQueue>>;
  readonly #events: EventRecorder;
  readonly #clock: Clock;
  readonly #ending = new AbortController();
  #disconnect: (() => void)[] = [];
  #running: Promise<unknown> | undefined;
  #scheduling: SchedulingLoop | undefined;
  #failedCycles = 0;
  #cycleError = '';

  constructor(private readonly options: ControlLoopsOptions) {
    this.#clock = options.clock ?? systemClock;
    const queue = (name: 'jobs' | 'gpuQueues' | 'cycles') => {
      const observer = options.observer?.workQueue(name, () => this.#queues[name]);
      const fair = {
        turnOf: (key: string) => this.#turnOf(key),
        rateLimiter: rateLimiterByTenant((key) => tenantOf(options.caches, key), this.#clock),
      };
      return new WorkQueue({
        clock: this.#clock,
        ...(observer === undefined ? {} : { observer }),
        ...(name === 'jobs' ? fair : {}),
      });
    };
    this.#queues = { jobs: queue('jobs'), gpuQueues: queue('gpuQueues'), cycles: queue('cycles') };
    // As with client-go: what is told of jobs does not hold up what is done with them.
    this.#events = new EventRecorder(options.client.withOwnBudget(), {
      component: 'tuneyard-controller',
      clock: this.#clock,
      onError: (error) => options.log.debug({ err: error }, 'an event was not written'),
    });
  }

  start(): void {
    const {
      client,
      caches,
      coordinator,
      pods,
      identities,
      observer,
      workers = 8,
      progressIntervalMs = 1000,
      resizeCooldownMs = DEFAULT_POLICY.resizeCooldownMs,
    } = this.options;
    const models = new PinnedModels(
      new HubModels({
        endpoint: this.options.hubEndpoint,
        now: () => this.#clock.monotonic(),
        onFailure: (model, error) =>
          this.options.log.info(
            { model, err: error },
            'the hub does not tell its commit; workers ask for themselves',
          ),
      }),
      (job) => tenantOf(caches, keyOf(job)),
    );
    const resolve = createResolver(
      { allowPrivileged: pods.allowPrivilegedTemplates ?? false },
      models,
      queueTerms(caches.queues.cache, this.options.maxCheckpointGraceSeconds),
    );
    const scheduling = new SchedulingLoop({
      caches,
      clock: this.#clock,
      resolve,
      policy: { ...DEFAULT_POLICY, resizeCooldownMs },
      isSettled: (job, later) =>
        models.isSettled(job, () => {
          later();
          this.#queues.cycles.add(CYCLE);
        }),
      onVerdict: (key, afterMs) => this.#queues.jobs.addAfter(key, afterMs),
      onFigures: (queue) => this.#queues.gpuQueues.add(queue),
      onFault: (key, error) => this.#fault('snapshot', key, error),
      ...(observer === undefined ? {} : { onCycle: (cycle) => observer.cycle(cycle) }),
    });
    this.#scheduling = scheduling;
    const jobs = new JobReconciler({
      client,
      caches,
      vouched: this.options.vouched,
      coordinator,
      scheduling,
      events: this.#events,
      clock: this.#clock,
      pods,
      identities,
      resolve,
      progressIntervalMs,
      resizeCooldownMs,
      onFault: (key, error) => this.#fault('job', key, error),
      ...(observer === undefined ? {} : { onStatus: (job, before) => observer.status(job, before) }),
    });
    const gpuQueues = new QueueReconciler({
      client,
      queues: caches.queues,
      events: this.#events,
      clock: this.#clock,
      figures: (queue) => scheduling.figuresOf(queue),
    });
    this.#disconnect = [
      connectTriggers(caches, coordinator, this.#queues, progressIntervalMs),
      () => scheduling.close(),
    ];
    const { jobs: jobKeys, gpuQueues: queueKeys, cycles } = this.#queues;
    this.#running = Promise.all([
      this.#run('cycle', cycles, 1, async () => {
        const started = this.#clock.monotonic();
        const { isPartial } = this.#cycle(() => scheduling.run());
        // A cycle that decided as much as one may decide leaves the rest to the next one.
        if (isPartial) return 0;
        // Most of the time goes to carrying decisions out: what changes meanwhile is decided together.
        const rest = REST_PER_CYCLE * (this.#clock.monotonic() - started);
        const restMs = Math.min(MOST_REST_MS, Math.max(LEAST_REST_MS, rest));
        await sleep(this.#clock, restMs, this.#ending.signal);
        return CYCLE_EVERY_MS;
      }),
      this.#run('job', jobKeys, workers, (key) => jobs.reconcile(key)),
      this.#run('queue', queueKeys, 1, (name) => gpuQueues.reconcile(name)),
    ]);
  }

  /** Why nothing is scheduled; undefined while cycles go through. */
  get failing(): string | undefined {
    return this.#failedCycles < FAILED_CYCLES
      ? undefined
      : `${this.#failedCycles} scheduling cycles in a row have failed: ${this.#cycleError}`;
  }

  /** What was decided, and what gives GPUs back, goes before what is only told. */
  #turnOf(key: string): Turn {
    const { caches } = this.options;
    const job = caches.jobs.cache.get(key);
    const givesBack =
      job !== undefined &&
      (job.spec.suspend || job.metadata.deletionTimestamp !== undefined) &&
      isTrue(job.status?.conditions, 'Admitted');
    const isUrgent = givesBack || this.#scheduling?.isDecided(key) === true;
    return { tenant: tenantOf(caches, key), isUrgent };
  }

  #cycle<T>(run: () => T): T {
    try {
      const result = run();
      this.#failedCycles = 0;
      return result;
    } catch (error) {
      this.#failedCycles += 1;
      this.#cycleError = String(error).slice(0, 512);
      this.#fault('cycle', CYCLE, error);
      throw error;
    }
  }

  /** Of a job its owner hears too. */
  #fault(place: string, key: string, error: unknown): void {
    this.options.log.warn(
      { place, key, err: error },
      'an object cannot be taken into account; the others are',
    );
    this.options.observer?.fault(place);
    const job = this.options.caches.jobs.cache.get(key);
    if (job !== undefined)
      this.#events.record(job, 'Warning', 'InvalidObject', `the controller cannot read it: ${String(error)}`);
  }

  /** Tells people of something that happened to a job's workers and that its status does not show by itself. */
  tell(uid: string, type: EventType, reason: string, message: string): void {
    const job = this.options.caches.jobs.cache.byIndex(BY_UID, uid)[0];
    if (job !== undefined) this.#events.record(job, type, reason, message);
  }

  /** Takes no new work, finishes what is begun, writes the last events. */
  async stop(): Promise<void> {
    for (const disconnect of this.#disconnect) disconnect();
    this.#ending.abort();
    await Promise.all(Object.values(this.#queues).map((queue) => queue.shutDown()));
    await this.#running;
    await this.#events.flush();
  }

  #run(
    controller: string,
    queue: WorkQueue,
    workers: number,
    handle: (key: string) => Promise<number | undefined>,
  ): Promise<void> {
    const { log, observer } = this.options;
    const measured = async (key: string) => {
      const started = this.#clock.monotonic();
      let failed = true;
      try {
        const again = await handle(key);
        failed = false;
        return again;
      } finally {
        observer?.reconciled(controller, (this.#clock.monotonic() - started) / 1000, failed);
      }
    };
    return runWorkers(queue, workers, measured, (key, error) => {
      // Somebody else wrote first, or it is gone: the cache will say, and the key comes back.
      const expected = isConflict(error) || isNotFound(error);
      log[expected ? 'debug' : 'warn']({ controller, key, err: error }, 'will be tried again');
      // An error of the code itself, not an answer of somebody else: it is the object's.
      if (controller !== 'cycle' && isProgramError(error)) this.#fault(controller, key, error);
    });
  }
}

const isProgramError = (error: unknown) =>
  error instanceof TypeError ||
  error instanceof RangeError ||
  error instanceof URIError ||
  error instanceof SyntaxError;
