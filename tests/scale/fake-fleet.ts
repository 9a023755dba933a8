import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '@tuneyard/controller/kube';
import { isNotFound, Reflector } from '@tuneyard/controller/kube';
import { Finished_Outcome } from '@tuneyard/proto';
import { speakFor, type FakeWorker, type WorkerPod } from '../e2e/controller/fake-worker.js';
import { PODS } from '../e2e/controller/kinds.js';
import { reportPod } from '../e2e/controller/kubelet.js';

type BoundPod = WorkerPod & { readonly spec: { readonly nodeName?: string } };

/**
 * The node agents of a whole cluster: every bound pod runs a fake worker that speaks with the coordinator, trains for a
 * while once its group stands, and ends well; deleted pods end at once.
 */
export class FakeFleet {
  readonly #pods: Reflector<BoundPod>;
  readonly #begun = new Set<string>();
  readonly #running = new Map<string, FakeWorker>();
  #trouble: Error | undefined;

  constructor(
    private readonly client: KubeClient,
    /** Milliseconds that a job trains. */
    private readonly trainingMs: number,
  ) {
    this.#pods = new Reflector<BoundPod>(client, PODS);
    this.#pods.cache.subscribe(({ type, object }) => {
      const { uid = '', deletionTimestamp } = object.metadata;
      if (type === 'deleted') return;
      if (deletionTimestamp !== undefined) void this.#attempt(() => this.#end(object));
      else if (object.spec.nodeName !== undefined && object.spec.nodeName !== '' && !this.#begun.has(uid)) {
        this.#begun.add(uid);
        void this.#attempt(() => this.#run(object));
      }
    });
  }

  /** What went wrong first, if anything did. */
  get trouble(): Error | undefined {
    return this.#trouble;
  }

  async start(): Promise<void> {
    this.#pods.start();
    await this.#pods.synced();
  }

  async stop(): Promise<void> {
    await this.#pods.stop();
    for (const worker of this.#running.values()) worker.close();
  }

  async #attempt(what: () => Promise<void>): Promise<void> {
    try {
      await what();
    } catch (error) {
      this.#trouble ??= error instanceof Error ? error : new Error(String(error));
    }
  }

  async #run(pod: WorkerPod): Promise<void> {
    const { uid = '' } = pod.metadata;
    const worker = await this.#begin(pod);
    if (worker === undefined) return;
    this.#running.set(uid, worker);
    const isStopped = await new Promise<boolean>((resolve) => {
      worker.onDirective = ({ body }) => {
        if (body?.$case === 'welcome') worker.ready();
        if (body?.$case === 'membership') void delay(this.trainingMs, false).then(resolve);
        if (body?.$case === 'stop') resolve(true);
      };
    });
    worker.finish(isStopped ? { outcome: Finished_Outcome.OUTCOME_STOPPED } : {});
    // Pods of jobs that were told to go may be gone before they end by themselves.
    if (!this.#running.delete(uid)) return;
    await reportPod(this.client, pod.metadata, 'Succeeded').catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    worker.close();
  }

  /** Undefined when the pod is deleted before it began. */
  async #begin(pod: WorkerPod): Promise<FakeWorker | undefined> {
    try {
      await reportPod(this.client, pod.metadata, 'Running');
      return await speakFor(this.client, pod);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #end(pod: WorkerPod): Promise<void> {
    const { name, namespace, uid = '' } = pod.metadata;
    this.#running.get(uid)?.close();
    this.#running.delete(uid);
    await this.client.delete(PODS, { name, namespace }, { gracePeriodSeconds: 0, preconditions: { uid } });
  }
}
