import type { FineTuneJob, FineTuneJobStatus, ResolvedSpec } from '../api/index.js';
import {
  API_VERSION,
  CHECKPOINT_ANNOTATION,
  FINE_TUNE_JOB_KIND,
  findCondition,
  JOB_RESOURCE,
  MANAGED_BY,
  toTrainerConfig,
} from '../api/index.js';
import { ApiError, ForeignObjectError } from '../errors.js';
import type { JobCoordinator } from '../coordinator/job-coordinator.js';
import type { Clock, EventRecorder, KubeClient } from '../kube/index.js';
import { equalJson, ReadYourWrites, refOf } from '../kube/index.js';
import type { PodObject } from '../pool/index.js';
import { BY_JOB } from './caches.js';
import type { Caches } from './caches.js';
import { decide } from './decide.js';
import type { Decision } from './decision.js';
import type { JobFacts } from './facts.js';
import { differsInFiguresAlone } from './figures.js';
import type { JobIdentities } from './job-identities.js';
import { JobNetwork } from './job-network.js';
import { owningJob } from './owning-job.js';
import { PodWarnings } from './pod-warnings.js';
import type { SchedulingLoop } from './scheduling-loop.js';
import { endingPart, statusesToTry, writeFirstAccepted } from './status-writes.js';
import { soundJob, withSoundSpec } from './stored-object.js';
import { withDefaultQueue } from './default-queue.js';
import { transitionEvents } from './transition-events.js';
import type { VouchedStatuses } from './vouched-statuses.js';
import { troubledNodes } from './node-trouble.js';
import { workerName } from './worker-name.js';
import { WorkerPods } from './worker-pods.js';
import { WorkerRanges } from './worker-range.js';
import type { WorkerPlan, WorkerPodOptions } from './worker-pod.js';

/**
 * Workers that the controller itself ends were asked for a checkpoint before, if there was a reason to write one; the
 * grace period of their pods is for those who are ended by others.
 */
const END_GRACE_SECONDS = 30;

/** Owner of the status fields of a job. */
const STATUS_MANAGER = 'tuneyard-job-status';

export interface JobReconcilerOptions {
  readonly client: KubeClient;
  readonly caches: Caches;
  /** Those that the caches take unchecked. */
  readonly vouched: VouchedStatuses;
  readonly coordinator: JobCoordinator;
  readonly scheduling: SchedulingLoop;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly pods: WorkerPodOptions;
  readonly identities: JobIdentities;
  readonly resolve: (job: FineTuneJob) => ResolvedSpec | { readonly invalid: string };
  /** A status in which only figures are new is written no sooner than this after the last one, in milliseconds. */
  readonly progressIntervalMs: number;
  /** How long a job keeps its number of workers before it may grow. */
  readonly resizeCooldownMs?: number | undefined;
  /** Told of every status that was stored. */
  readonly onStatus?: (job: FineTuneJob, before: FineTuneJobStatus | undefined) => void;
  /** Told of what could not be reported or written of a job, while the decision about it went on. */
  readonly onFault?: (key: string, error: unknown) => void;
}

/** Carries out what {@link decide} decides: at most one status write for each call, and none when nothing changed. */
export class JobReconciler {
  readonly #written = new ReadYourWrites<FineTuneJob>();
  readonly #network: JobNetwork;
  readonly #workerPods: WorkerPods;
  readonly #warnings: PodWarnings;
  readonly #ranges: WorkerRanges;
  /** uid to what the coordinator was told of the job. */
  readonly #registered = new Map<
    string,
    { readonly resolved: ResolvedSpec; readonly expectedWorkers: number }
  >();
  /** Key to uid of every job that was seen. */
  readonly #uids = new Map<string, string>();
  /** uid to the request for a checkpoint that was passed on last. */
  readonly #checkpointRequests = new Map<string, string>();
  /** uid to when the status was written last. */
  readonly #writtenAt = new Map<string, number>();

  constructor(private readonly options: JobReconcilerOptions) {
    this.#network = new JobNetwork(options.client, options.pods.network);
    this.#workerPods = new WorkerPods({
      client: options.client,
      caches: options.caches,
      events: options.events,
      clock: options.clock,
      template: options.pods,
    });
    this.#ranges = new WorkerRanges(options.client);
    this.#warnings = new PodWarnings({
      client: options.client,
      clock: options.clock,
      onTrouble: (error) => options.onFault?.('events of pods', error),
    });
  }

  /** @returns milliseconds after which to look again, if nothing changes before */
  async reconcile(key: string): Promise<number | undefined> {
    const known = this.#written.newest(key, this.options.caches.jobs.cache.get(key));
    if (known === undefined) return this.#forgetJob(key);
    const job = withDefaultQueue(known, this.options.caches.namespaces.cache);
    if (job.spec.managedBy !== MANAGED_BY) return undefined;
    const uid = job.metadata.uid ?? '';
    const before = this.#uids.get(key);
    if (before !== undefined && before !== uid) await this.#unregister(before);
    this.#uids.set(key, uid);
    if (job.metadata.deletionTimestamp !== undefined) {
      await this.#unregister(uid);
      return undefined;
    }
    if (await this.#completeRange(key, job)) return 1000;
    if (!this.#workerPods.areSettled(key)) return 1000;

    const facts = this.#gather(key, job);
    const decision = decide(facts);
    const wait = this.#wait(uid, job.status, decision.status);
    const refusal = wait === 0 ? await this.#writeStatus(key, job, decision.status) : undefined;
    const areRefused = await this.#carryOut(
      key,
      job,
      facts,
      refusal === undefined ? decision : endingPart(decision),
    );
    if (refusal !== undefined) throw refusal;
    // What was refused stands in the status at once.
    if (areRefused) return 0;
    const waits = [wait === 0 ? undefined : wait, decision.lookAgainMs, await this.#renewIdentities(job)];
    const due = Math.min(...waits.map((ms) => ms ?? Infinity));
    return due === Infinity ? undefined : due;
  }

  /** @returns whether the job is another one now, whose event follows */
  async #completeRange(key: string, job: FineTuneJob): Promise<boolean> {
    try {
      return await this.#ranges.complete(job);
    } catch (error) {
      this.options.onFault?.(key, error);
      return false;
    }
  }

  /** Milliseconds until a status in which only figures are new may be written; 0 = now. */
  #wait(uid: string, before: FineTuneJobStatus | undefined, after: FineTuneJobStatus): number {
    if (before === undefined || !differsInFiguresAlone(before, after)) return 0;
    const { clock, progressIntervalMs } = this.options;
    return Math.max(0, (this.#writtenAt.get(uid) ?? 0) + progressIntervalMs - clock.monotonic());
  }

  #gather(key: string, job: FineTuneJob): JobFacts {
    const { caches, coordinator, scheduling, clock, resolve } = this.options;
    const uid = job.metadata.uid ?? '';
    const resolved = resolve(job);
    // A pod of the same name that belongs to an earlier job of the same name is none of this one's.
    const pods = caches.pods.cache.byIndex(BY_JOB, key).filter((pod) => owningJob(pod)?.uid === uid);
    return {
      job,
      resolved: 'invalid' in resolved ? undefined : resolved,
      invalid: 'invalid' in resolved ? resolved.invalid : undefined,
      pods,
      training: coordinator.state(uid),
      admission: scheduling.admissionOf(key, job.metadata.generation ?? 0),
      waiting: scheduling.waitingOf(key, job.metadata.generation ?? 0),
      eviction: this.#eviction(key, job),
      resize: scheduling.resizeOf(key, job.metadata.generation ?? 0),
      nodes: troubledNodes(caches.nodes.cache, job, pods),
      warnings: this.#warnings.of(uid, pods),
      refusals: this.#workerPods.refusalsOf(job),
      foreign: this.#foreignPods(job),
      resizeCooldownMs: this.options.resizeCooldownMs,
      now: clock.now(),
    };
  }

  /** Why the job must give its GPUs back. Once its workers were told to, it goes through, whatever changes. */
  #eviction(key: string, job: FineTuneJob): JobFacts['eviction'] {
    if (job.spec.suspend) return { reason: 'Suspended', message: 'spec.suspend is true' };
    const queue = this.options.caches.queues.cache.get(job.spec.queueName);
    if (queue?.spec.stopPolicy === 'holdAndDrain')
      return { reason: 'QueueStopped', message: `queue ${job.spec.queueName} is drained` };
    const asked = findCondition(job.status?.conditions, 'Checkpointing');
    const decided = this.options.scheduling.evictionOf(key);
    const message = asked?.status === 'True' ? asked.message : decided?.message;
    if (message === undefined) return undefined;
    const isForLoss = decided === undefined ? asked?.reason === 'NodeLost' : decided.cause === 'loss';
    return { reason: isForLoss ? 'NodeLost' : 'Preempted', message };
  }

  /** Pods with the names of workers that are not of this job, and so are left alone. */
  #foreignPods({ metadata: { name, namespace, uid }, status }: FineTuneJob): ReadonlyMap<number, PodObject> {
    const foreign = new Map<number, PodObject>();
    status?.placement?.nodes.forEach((_, index) => {
      const pod = this.options.caches.pods.cache.get(`${namespace}/${workerName(name, index)}`);
      if (pod !== undefined && owningJob(pod)?.uid !== uid) foreign.set(index, pod);
    });
    return foreign;
  }

  /** @returns why nothing could be written */
  async #writeStatus(
    key: string,
    job: FineTuneJob,
    wanted: FineTuneJobStatus,
  ): Promise<ApiError | undefined> {
    if (equalJson(job.status ?? {}, wanted)) return undefined;
    const { vouched } = this.options;
    const { name, namespace, uid, resourceVersion } = job.metadata;
    const written = await writeFirstAccepted(statusesToTry(wanted, job.status), (status) => {
      vouched.vouch(uid ?? '', status);
      return this.options.client.apply<FineTuneJob>(
        JOB_RESOURCE,
        {
          apiVersion: API_VERSION,
          kind: FINE_TUNE_JOB_KIND,
          // With both, a decision about an older state of the job is refused as a conflict and made anew.
          metadata: { name, namespace, uid, resourceVersion },
          status,
        } as FineTuneJob,
        { fieldManager: STATUS_MANAGER, subresource: 'status' },
      );
    });
    const refusal = written instanceof ApiError ? written : written.refusal;
    if (refusal !== undefined) this.options.onFault?.(key, refusal);
    if (written instanceof ApiError) return written;
    const { stored, status } = written;
    // What was decided is of the right form; fields of others may stand beside it.
    this.#written.wrote(key, vouched.has(stored) ? withSoundSpec(stored) : soundJob(stored));
    this.#writtenAt.set(uid ?? '', this.options.clock.monotonic());
    const subject = { ...stored, apiVersion: API_VERSION, kind: FINE_TUNE_JOB_KIND };
    for (const { type, reason, message } of transitionEvents(job.status, status))
      this.options.events.record(subject, type, reason, message);
    try {
      this.options.onStatus?.(stored, job.status);
    } catch (error) {
      this.options.onFault?.(key, error);
    }
    return undefined;
  }

  /** @returns whether the API server refused pods */
  async #carryOut(key: string, job: FineTuneJob, facts: JobFacts, decision: Decision): Promise<boolean> {
    const { client, coordinator } = this.options;
    const uid = job.metadata.uid ?? '';
    if (decision.deleteJob === true) {
      await client.delete(JOB_RESOURCE, refOf(key), {
        propagationPolicy: 'Background',
        preconditions: { uid },
      });
    }
    if (decision.register !== undefined && facts.resolved !== undefined) {
      await this.#register(job, facts.resolved, decision.register);
    }
    await this.#passOnCheckpointRequest(job, facts);
    if (decision.stop !== undefined)
      await coordinator.stop(uid, decision.stop.reason, { checkpoint: decision.stop.checkpoint });
    if (decision.unregister === true) await this.#unregister(uid);
    for (const pod of decision.deletePods ?? []) await this.#workerPods.delete(key, pod, END_GRACE_SECONDS);
    for (const pod of decision.removePods ?? []) await this.#workerPods.delete(key, pod, 0);
    const plans = decision.createPods ?? [];
    if (plans.length > 0 && !(await this.#prepareWorkers(job, plans))) return true;
    const created = await Promise.all(plans.map((plan) => this.#workerPods.create(key, job, plan)));
    return created.includes('refused');
  }

  /** Makes what workers need before their pods. @returns false when something foreign has the name of it */
  async #prepareWorkers(job: FineTuneJob, plans: readonly WorkerPlan[]): Promise<boolean> {
    try {
      await this.#network.ensure(job);
      await this.options.identities.ensure(job, 1 + Math.max(...plans.map(({ index }) => index)));
      return true;
    } catch (error) {
      if (!(error instanceof ForeignObjectError)) throw error;
      this.#workerPods.blocked(job, plans, error);
      return false;
    }
  }

  async #register(
    job: FineTuneJob,
    resolved: ResolvedSpec,
    { expectedWorkers, fresh }: NonNullable<Decision['register']>,
  ): Promise<void> {
    const { name, namespace = 'default', uid = '' } = job.metadata;
    const known = this.#registered.get(uid);
    // The same spec is resolved to the same object.
    if (known?.resolved === resolved && known.expectedWorkers === expectedWorkers) return;
    if (fresh && known === undefined) await this.options.coordinator.unregister(uid);
    await this.options.coordinator.register({
      ref: { namespace, name, uid },
      // All attempts and workers of a job render the same date.
      config: toTrainerConfig(resolved, job.metadata.creationTimestamp),
      token: this.options.identities.token(job),
      expectedWorkers,
      replaceStragglers: resolved.workers.replaceStragglers,
    });
    this.#registered.set(uid, { resolved, expectedWorkers });
  }

  /** A request is passed on once the workers train; after a restart of the controller once more, which costs a checkpoint. */
  async #passOnCheckpointRequest({ metadata }: FineTuneJob, { training }: JobFacts): Promise<void> {
    const uid = metadata.uid ?? '';
    const request = metadata.annotations?.[CHECKPOINT_ANNOTATION];
    const trains = (training?.generation ?? 0) > 0 && training?.finished === undefined;
    if (request === undefined || !trains || this.#checkpointRequests.get(uid) === request) return;
    await this.options.coordinator.requestCheckpoint(uid);
    this.#checkpointRequests.set(uid, request);
  }

  /** Certificates of a job whose workers are known are replaced before they end. @returns when, in milliseconds */
  async #renewIdentities(job: FineTuneJob): Promise<number | undefined> {
    const workers = job.status?.placement?.nodes.length;
    if (workers === undefined || !this.#registered.has(job.metadata.uid ?? '')) return undefined;
    return this.options.identities.ensure(job, workers);
  }

  async #unregister(uid: string): Promise<void> {
    if (!this.#registered.has(uid) && this.options.coordinator.state(uid) === undefined) return;
    this.#registered.delete(uid);
    this.options.identities.forget(uid);
    this.#network.forget(uid);
    this.#writtenAt.delete(uid);
    this.options.vouched.forget(uid);
    this.#workerPods.forgetRefusals(uid);
    this.#warnings.forget(uid);
    this.#checkpointRequests.delete(uid);
    await this.options.coordinator.unregister(uid);
  }

  /** The job is gone; its pods and its secret go with it, being owned by it. */
  async #forgetJob(key: string): Promise<undefined> {
    this.#written.forget(key);
    this.#workerPods.forget(key);
    const uid = this.#uids.get(key);
    this.#uids.delete(key);
    if (uid !== undefined) this.#ranges.forget(uid);
    if (uid !== undefined) await this.#unregister(uid);
    return undefined;
  }
}
