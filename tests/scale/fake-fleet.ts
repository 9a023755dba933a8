import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '@tuneyard/controller/kube';
import { Reflector } from '@tuneyard/controller/kube';
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
    await reportPod(this.client, pod.metadata, 'Running');
    const worker = await speakFor(this.client, pod);
    this.#running.set(uid, worker);
    await new Promise<void>((resolve) => {
      worker.onDirective = ({ body }) => {
        if (body?.$case === 'welcome') worker.ready();
        if (body?.$case === 'membership') resolve();
      };
    });
    await delay(this.trainingMs);
    worker.finish();
    await reportPod(this.client, pod.metadata, 'Succeeded');
    this.#running.delete(uid);
    worker.close();
  }

  async #end(pod: WorkerPod): Promise<void> {
    const { name, namespace, uid = '' } = pod.metadata;
    this.#running.get(uid)?.close();
    this.#running.delete(uid);
    await this.client.delete(PODS, { name, namespace }, { gracePeriodSeconds: 0, preconditions: { uid } });
  }
}
