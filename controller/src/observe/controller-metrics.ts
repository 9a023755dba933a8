import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { FineTuneJob, FineTuneJobStatus } from '../api/index.js';
import { findCondition, isInadmissible, isTrue } from '../api/index.js';
import type { WorkQueue, WorkQueueObserver } from '../kube/index.js';
import { VERSION } from '../version.js';
import { FAST_SECONDS, WorkQueueMetrics } from './work-queue-metrics.js';
import type { ControlLoopsObserver, Cycle } from '../reconcile/index.js';

/** Stands for all queues that do not exist, or not for the job that names them; no queue can have this name. */
const NO_SUCH_QUEUE = '(no such queue)';
/** 1 s to about a week. */
const WAIT_SECONDS = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400, 604800];

/** The controller's metrics. */
export class ControllerMetrics implements ControlLoopsObserver {
  readonly registry = new Registry();
  readonly #queueOfKey = new Map<string, string>();
  /** Queues that exist: no other names become values of labels. */
  readonly #knownQueues = new Set<string>();

  readonly #pending = this.#gauge(
    'tuneyard_pending_jobs',
    'Jobs that wait and can be admitted, by queue and reason.',
    ['queue', 'reason'],
  );
  readonly #inadmissible = this.#gauge(
    'tuneyard_inadmissible_jobs',
    'Jobs that cannot be admitted before something is changed, by queue and reason; together those that name a queue that does not exist or that their namespace may not use.',
    ['queue', 'reason'],
  );
  readonly #admissionWait = this.#histogram(
    'tuneyard_admission_wait_seconds',
    'Seconds from the creation of a job to its first admission.',
    ['queue'],
    WAIT_SECONDS,
  );
  readonly #startError = this.#histogram(
    'tuneyard_start_estimate_error_seconds',
    'Seconds between the start of a job and the first estimate of it that was told, whichever is later.',
    ['queue'],
    WAIT_SECONDS,
  );
  readonly #storeErrors = this.#counter(
    'tuneyard_store_errors_total',
    'Failed connections and calls to the stores of the coordinator, which are tried again.',
    ['store'],
  );
  /** The first estimate of the start of a job that waits, in milliseconds since the epoch, by key. */
  readonly #estimates = new Map<string, number>();
  readonly #cycle = this.#histogram(
    'tuneyard_scheduling_cycle_seconds',
    'Seconds of a scheduling cycle by phase.',
    ['phase'],
    FAST_SECONDS,
  );
  readonly #admissions = this.#counter('tuneyard_admissions_total', 'Jobs admitted.', ['queue']);
  readonly #evictions = this.#counter(
    'tuneyard_evictions_total',
    'Times that a job had to give its GPUs back, by queue and reason.',
    ['queue', 'reason'],
  );
  readonly #finished = this.#counter(
    'tuneyard_jobs_finished_total',
    'Jobs that ended, by queue and reason of the Failed condition or Complete.',
    ['queue', 'outcome'],
  );
  readonly #gpuSecondsUsed = this.#counter('tuneyard_gpu_seconds_used_total', 'GPU-seconds that jobs held.', [
    'queue',
  ]);
  readonly #gpuSecondsLost = this.#counter(
    'tuneyard_gpu_seconds_lost_total',
    'GPU-seconds whose work was lost by failures and evictions.',
    ['queue'],
  );
  readonly #restarts = this.#counter(
    'tuneyard_worker_failures_total',
    'Failures of workers that were tried again.',
    ['queue'],
  );
  readonly #expelled = this.#counter(
    'tuneyard_workers_expelled_total',
    'Workers told to end and be replaced, by queue and cause: wrong-bits or straggler.',
    ['queue', 'cause'],
  );
  readonly #stragglers = this.#counter(
    'tuneyard_stragglers_total',
    'Workers found to be 3 times slower than is usual among the others of their job for a minute, by queue.',
    ['queue'],
  );
  readonly #quota = this.#gauge('tuneyard_queue_nominal_gpus', 'GPUs granted to a queue, by flavor.', [
    'queue',
    'flavor',
  ]);
  readonly #usage = this.#gauge(
    'tuneyard_queue_used_gpus',
    'GPUs that a queue uses, by flavor: of admitted jobs, and of pods that are ending.',
    ['queue', 'flavor'],
  );
  readonly #ending = this.#gauge(
    'tuneyard_queue_ending_gpus',
    'Of the used GPUs of a queue, those of pods that are ending, by flavor.',
    ['queue', 'flavor'],
  );
  readonly #borrowed = this.#gauge(
    'tuneyard_queue_borrowed_gpus',
    'Of the used GPUs of a queue, those above its nominal quota, by flavor.',
    ['queue', 'flavor'],
  );
  readonly #pool = this.#gauge(
    'tuneyard_pool_gpus',
    'GPUs of the nodes, by flavor; 0 of a flavor that queues grant and no node has.',
    ['flavor'],
  );
  readonly #lent = this.#gauge(
    'tuneyard_queue_lent_gpus',
    'GPUs that a queue lends, by flavor: of what its cohort borrows, the part that its idle quota has in all idle quota that may be lent.',
    ['queue', 'flavor'],
  );
  readonly #jobGpus = this.#gauge('tuneyard_job_gpus', 'GPUs that an admitted job holds.', [
    'namespace',
    'job',
    'queue',
    'flavor',
  ]);
  readonly #namespaceSeconds = this.#counter(
    'tuneyard_namespace_gpu_seconds_total',
    'GPU-seconds that the jobs of a namespace held, by queue and flavor: what to charge it for.',
    ['namespace', 'queue', 'flavor'],
  );
  #jobs: () => Iterable<FineTuneJob> = () => [];
  /** What queues hold, as the newest cycle left it. */
  #use: Pick<Cycle, 'usage' | 'pool'> = { usage: () => [], pool: new Map() };
  readonly #statusWrites = this.#counter(
    'tuneyard_status_writes_total',
    'Stored writes of the status of a job.',
    [],
  );
  readonly #reconciles = this.#histogram(
    'tuneyard_reconcile_seconds',
    'Seconds of handling one key.',
    ['controller'],
    FAST_SECONDS,
  );
  readonly #reconcileErrors = this.#counter(
    'tuneyard_reconcile_errors_total',
    'Keys whose handling failed and is tried again.',
    ['controller'],
  );
  readonly #requests = this.#counter(
    'tuneyard_api_requests_total',
    'Requests to the Kubernetes API server; code 0 is no answer.',
    ['verb', 'resource', 'code'],
  );
  readonly #faults = this.#counter(
    'tuneyard_object_faults_total',
    'Times that an object could not be taken into account, by the part of the controller that could not.',
    ['place'],
  );
  readonly #leading = this.#gauge('tuneyard_leader', '1 while this process leads.', []);

  readonly #workQueues = new WorkQueueMetrics(this.registry);

  constructor() {
    const labels = { program: 'controller', version: VERSION, node: process.version };
    this.#gauge('tuneyard_build_info', 'Always 1; the labels say which build runs.', [
      'program',
      'version',
      'node',
    ]).set(labels, 1);
  }

  /** @param jobs all that are known now, whenever it is asked */
  watchJobs(jobs: () => Iterable<FineTuneJob>): void {
    this.#jobs = jobs;
  }

  /** The metrics in the text format of Prometheus. */
  text(): Promise<string> {
    this.#showUse();
    this.#workQueues.refresh();
    return this.registry.metrics();
  }

  workQueue(name: string, queue: () => WorkQueue): WorkQueueObserver {
    return this.#workQueues.observe(name, queue);
  }

  cycle({ seconds, isPartial, waiting, usage, pool }: Cycle): void {
    this.#cycle.observe({ phase: 'snapshot' }, seconds.snapshot);
    this.#cycle.observe({ phase: 'decide' }, seconds.decide);
    // After a partial plan the next one follows at once.
    if (isPartial) return;
    for (const gauge of [this.#pending, this.#inadmissible]) gauge.reset();
    for (const { queue = NO_SUCH_QUEUE, reason } of waiting)
      (isInadmissible(reason) ? this.#inadmissible : this.#pending).inc({ queue, reason });
    this.#use = { usage, pool };
  }

  /** Figures of what exists now are set when they are asked for: a thousand queues cost a cycle nothing. */
  #showUse(): void {
    const gauges = [this.#quota, this.#usage, this.#ending, this.#borrowed, this.#lent, this.#pool];
    for (const gauge of [...gauges, this.#jobGpus]) gauge.reset();
    for (const [queue, flavors] of this.#use.usage())
      for (const { flavor, nominal, used, ending, borrowed, lent } of flavors) {
        this.#quota.set({ queue, flavor }, nominal);
        this.#usage.set({ queue, flavor }, used);
        this.#ending.set({ queue, flavor }, ending);
        this.#borrowed.set({ queue, flavor }, borrowed);
        this.#lent.set({ queue, flavor }, lent);
      }
    for (const [flavor, { gpus }] of this.#use.pool) this.#pool.set({ flavor }, gpus);
    for (const { metadata, spec, status } of this.#jobs()) {
      const { placement, conditions } = status ?? {};
      if (placement === undefined || !isTrue(conditions, 'Admitted')) continue;
      const { flavor, nodes, gpusPerWorker = 1, queueName = spec.queueName } = placement;
      const { namespace = 'default', name: job } = metadata;
      this.#jobGpus.set(
        { namespace, job, queue: this.#queueLabel(queueName), flavor },
        nodes.length * gpusPerWorker,
      );
    }
  }

  reconciled(controller: string, seconds: number, failed: boolean): void {
    this.#reconciles.observe({ controller }, seconds);
    if (failed) this.#reconcileErrors.inc({ controller });
  }

  status(job: FineTuneJob, before: FineTuneJobStatus | undefined): void {
    const queue = this.#queueLabel(job.spec.queueName);
    const after = job.status ?? {};
    this.#statusWrites.inc();
    const grown = (counter: Counter<'queue'>, from: number | undefined, to: number | undefined) => {
      const by = (to ?? 0) - (from ?? 0);
      if (by > 0) counter.inc({ queue }, by);
    };
    grown(this.#gpuSecondsUsed, before?.gpuSecondsUsed, after.gpuSecondsUsed);
    const held = (after.gpuSecondsUsed ?? 0) - (before?.gpuSecondsUsed ?? 0);
    const flavor = (after.placement ?? before?.placement)?.flavor ?? '';
    const { namespace = 'default' } = job.metadata;
    if (held > 0) this.#namespaceSeconds.inc({ namespace, queue, flavor }, held);
    grown(this.#gpuSecondsLost, before?.gpuSecondsLost, after.gpuSecondsLost);
    grown(this.#restarts, before?.restarts, after.restarts);
    const became = (type: 'Admitted' | 'Complete' | 'Failed') =>
      isTrue(after.conditions, type) && !isTrue(before?.conditions, type);
    const key = `${job.metadata.namespace}/${job.metadata.name}`;
    const estimated = Date.parse(after.queue?.estimatedStartTime ?? '');
    if (Number.isFinite(estimated) && !this.#estimates.has(key)) this.#estimates.set(key, estimated);
    if (became('Admitted')) {
      const told = this.#estimates.get(key);
      const start = Date.parse(after.placement?.time ?? '');
      if (told !== undefined && Number.isFinite(start))
        this.#startError.observe({ queue }, Math.abs(start - told) / 1000);
      this.#estimates.delete(key);
      this.#admissions.inc({ queue });
      const created = Date.parse(job.metadata.creationTimestamp ?? '');
      const admitted = Date.parse(after.placement?.time ?? '');
      if (before?.startTime === undefined && admitted >= created)
        this.#admissionWait.observe({ queue }, (admitted - created) / 1000);
    }
    if (became('Complete')) this.#finished.inc({ queue, outcome: 'Complete' });
    if (became('Failed'))
      this.#finished.inc({ queue, outcome: findCondition(after.conditions, 'Failed')?.reason ?? 'Failed' });
    if ((after.evictions ?? 0) > (before?.evictions ?? 0)) {
      this.#evictions.inc({ queue, reason: findCondition(after.conditions, 'Evicted')?.reason ?? '' });
    }
  }

  queueSeen(queue: string): void {
    this.#knownQueues.add(queue);
  }

  queueRemoved(queue: string): void {
    this.#knownQueues.delete(queue);
  }

  /** @param job namespace/name */
  workerExpelled(job: string, cause: string): void {
    this.#expelled.inc({ queue: this.#queueOfJob(job), cause });
  }

  /** @param job namespace/name */
  workerStraggles(job: string): void {
    this.#stragglers.inc({ queue: this.#queueOfJob(job) });
  }

  /** @param resource plural and subresource, such as `pods/status` */
  request(verb: string, resource: string, code: number): void {
    this.#requests.inc({ verb, resource, code: String(code) });
  }

  fault(place: string): void {
    this.#faults.inc({ place });
  }

  storeTrouble(store: string): void {
    this.#storeErrors.inc({ store });
  }

  leading(leads: boolean): void {
    this.#leading.set(leads ? 1 : 0);
  }

  /** Where the queue of a job key is looked up. */
  jobSeen(key: string, queue: string | undefined): void {
    if (queue === undefined) {
      this.#queueOfKey.delete(key);
      this.#estimates.delete(key);
    } else this.#queueOfKey.set(key, queue);
  }

  #queueOfJob(key: string): string {
    return this.#queueLabel(this.#queueOfKey.get(key) ?? '');
  }

  /** Whoever may make jobs may name any queue in them; every name would be a series of its own. */
  #queueLabel(queue: string): string {
    return this.#knownQueues.has(queue) ? queue : NO_SUCH_QUEUE;
  }

  #gauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  #histogram<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: readonly number[],
  ): Histogram<L> {
    return new Histogram({
      name,
      help,
      labelNames: [...labelNames],
      buckets: [...buckets],
      registers: [this.registry],
    });
  }
}
