import type { FineTuneJob } from '../api/index.js';
import { API_VERSION, FINE_TUNE_JOB_KIND } from '../api/index.js';
import type { ForeignObjectError } from '../errors.js';
import { ApiError } from '../errors.js';
import type { CacheEvent, Clock, EventRecorder, KubeClient } from '../kube/index.js';
import { Expectations, isAlreadyExists } from '../kube/index.js';
import type { PodObject } from '../pool/index.js';
import type { Caches } from './caches.js';
import { deletedWorkerEvent } from './deleted-worker.js';
import { PODS } from './kinds.js';
import { owningJob } from './owning-job.js';
import { PodRefusals } from './pod-refusals.js';
import type { TransitionEvent } from './transition-events.js';
import { isForbiddenToController } from './why-not-ready.js';
import type { Refusal } from './why-not-ready.js';
import type { WorkerPlan, WorkerPodOptions } from './worker-pod.js';
import { buildWorkerPod } from './worker-pod.js';

export interface WorkerPodsOptions {
  readonly client: KubeClient;
  readonly caches: Pick<Caches, 'pods' | 'jobs'>;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly template: WorkerPodOptions;
}

/** Creates and deletes the pods of workers, and knows what of that the cache does not show yet and what was refused. */
export class WorkerPods {
  readonly #expectations: Expectations;
  readonly #refusals = new PodRefusals();

  constructor(private readonly options: WorkerPodsOptions) {
    this.#expectations = new Expectations(options.clock);
    options.caches.pods.cache.subscribe((event) => {
      const { type, object } = event;
      const owner = owningJob(object)?.key;
      if (owner === undefined) return;
      if (!this.#expectations.expectsDeletion(owner, object.metadata.uid ?? ''))
        this.#tellDeleted(event, owner);
      const leaves = type === 'deleted' || object.metadata.deletionTimestamp !== undefined;
      if (leaves) this.#expectations.observeDeletion(owner, object.metadata.uid ?? '');
      else this.#expectations.observeCreation(owner, object.metadata.name);
    });
  }

  /** Whether the cache shows all that was written for the job. @param key namespace/name */
  areSettled(key: string): boolean {
    return this.#expectations.satisfied(key);
  }

  /** Workers of the job's present attempt whose pod was refused, by index. */
  refusalsOf({ metadata, status }: FineTuneJob): ReadonlyMap<number, Refusal> | undefined {
    return this.#refusals.of(metadata.uid ?? '', status?.attempt ?? 0);
  }

  /** Remembers that something foreign has the name of what these workers need. */
  blocked(job: FineTuneJob, plans: readonly WorkerPlan[], { message }: ForeignObjectError): void {
    const refusal = { status: 409, message, at: this.options.clock.now() };
    for (const plan of plans) this.#refusals.refused(job.metadata.uid ?? '', plan, refusal);
    this.#tellRefused(job, message);
  }

  async create(key: string, job: FineTuneJob, plan: WorkerPlan): Promise<'created' | 'refused'> {
    const { uid = '' } = job.metadata;
    const pod = buildWorkerPod(job, plan, this.options.template);
    const { name } = pod.metadata;
    this.#expectations.expectCreation(key, name);
    try {
      await this.options.client.createUnread(PODS, pod);
      this.#refusals.created(uid, plan.index);
      return 'created';
    } catch (error) {
      this.#expectations.observeCreation(key, name);
      // Created by an earlier call whose answer was lost, or one that is not of the job; the cache will show it.
      if (isAlreadyExists(error)) return 'created';
      if (!isRefused(error)) throw error;
      const { status, message } = error;
      this.#refusals.refused(uid, plan, { status, message, at: this.options.clock.now() });
      // A quota, an admission policy or a template that is no pod: tell the owner, who alone can do something.
      if (!isForbiddenToController(error)) this.#tellRefused(job, `${name}: ${message}`);
      return 'refused';
    }
  }

  async delete(key: string, pod: PodObject, gracePeriodSeconds: number): Promise<void> {
    const { name, namespace, uid = '' } = pod.metadata;
    this.#expectations.expectDeletion(key, uid);
    try {
      const deleted = await this.options.client.delete(
        PODS,
        { name, namespace },
        { gracePeriodSeconds, preconditions: { uid } },
      );
      if (!deleted) this.#expectations.observeDeletion(key, uid);
    } catch (error) {
      this.#expectations.observeDeletion(key, uid);
      // Another pod of this name is there already.
      if (!isPreconditionFailure(error)) throw error;
    }
  }

  /** The job runs no longer. */
  forgetRefusals(uid: string): void {
    this.#refusals.forget(uid);
  }

  /** The job is gone. @param key namespace/name */
  forget(key: string): void {
    this.#expectations.forget(key);
  }

  #tellDeleted(event: CacheEvent<PodObject>, key: string): void {
    const job = this.options.caches.jobs.cache.get(key);
    const told = job?.metadata.uid === owningJob(event.object)?.uid && deletedWorkerEvent(job, event);
    if (job !== undefined && told) this.#tell(job, told);
  }

  #tellRefused(job: FineTuneJob, message: string): void {
    this.#tell(job, { type: 'Warning', reason: 'WorkerRefused', message });
  }

  #tell(job: FineTuneJob, { type, reason, message }: TransitionEvent): void {
    const subject = { ...job, apiVersion: API_VERSION, kind: FINE_TUNE_JOB_KIND };
    this.options.events.record(subject, type, reason, message);
  }
}

const isRefused = (error: unknown): error is ApiError =>
  error instanceof ApiError && [400, 403, 422].includes(error.status);

const isPreconditionFailure = (error: unknown) =>
  error instanceof Error && 'status' in error && error.status === 409;
