import type { KubeClient } from '@tuneyard/controller/kube';
import { Reflector } from '@tuneyard/controller/kube';
import { Finished_Outcome } from '@tuneyard/proto';
import { type FakeWorker, speakFor, type WorkerPod } from '../controller/fake-worker.js';
import { PODS } from '../controller/kinds.js';
import { reportPod } from '../controller/kubelet.js';

type Pod = WorkerPod & {
  readonly spec: { readonly nodeName?: string };
  readonly status?: { readonly phase?: string };
};

const JOB_LABEL = 'tuneyard.dev/job';
const RETRY_MS = 25;
/** Steps of every job. */
const TOTAL_STEPS = 10;
/** What workers say they still need: too long to wait for. */
const SECONDS_LEFT = 3600;

interface Life {
  /** Its pod is taken away. */
  over: boolean;
  /** What it has to say last, until the coordinator has heard it. */
  last: 'stopped' | 'finished' | undefined;
}

/** Runs every bound pod as a worker that speaks the coordinator's protocol, whichever coordinator there is. */
export class RobotNode {
  /** `host:port`; undefined while there is no controller. */
  coordinator: string | undefined;
  /** Jobs whose training is to end. */
  readonly #toFinish = new Set<string>();
  /** What each job has saved, as its storage would. */
  readonly #saved = new Map<string, number>();
  readonly #robots = new Map<string, { stop: () => void; readonly ended: Promise<void> }>();
  readonly #pods: Reflector<Pod>;
  #isClosed = false;

  constructor(private readonly client: KubeClient) {
    this.#pods = new Reflector<Pod>(client, PODS);
    this.#pods.cache.subscribe(({ type, object }) => {
      const { uid = '', deletionTimestamp } = object.metadata;
      if (type === 'deleted' || deletionTimestamp !== undefined) {
        this.#robots.get(uid)?.stop();
        return;
      }
      const isBound = (object.spec.nodeName ?? '') !== '';
      if (isBound && !this.#robots.has(uid)) this.#start(uid, object);
    });
    this.#pods.start();
  }

  /** The training of the job comes to its end. */
  finish(job: string): void {
    this.#toFinish.add(job);
  }

  /** The step that the job has saved. */
  savedOf(job: string): number | undefined {
    return this.#saved.get(job);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { stop } of this.#robots.values()) stop();
    await Promise.all([...this.#robots.values()].map(({ ended }) => ended));
    await this.#pods.stop();
  }

  #start(uid: string, pod: Pod): void {
    const life: Life = { over: this.#isClosed, last: undefined };
    const stop = () => {
      life.over = true;
    };
    this.#robots.set(uid, { stop, ended: this.#live(pod, life) });
  }

  /** Comes back to the coordinator until it has heard the last word, or its pod is taken away. */
  async #live(pod: Pod, life: Life): Promise<void> {
    await reportPod(this.client, pod.metadata, 'Running').catch(() => undefined);
    while (!life.over) {
      const worker = await this.#connect(pod);
      if (worker !== undefined) {
        await this.#attend(worker, pod.metadata.labels?.[JOB_LABEL] ?? '', life);
        worker.close();
        if (life.last !== undefined && worker.ended && !worker.failed) break;
      }
      await pause(RETRY_MS);
    }
    if (!life.over) await reportPod(this.client, pod.metadata, 'Succeeded').catch(() => undefined);
  }

  async #connect(pod: Pod): Promise<FakeWorker | undefined> {
    const { coordinator } = this;
    if (coordinator === undefined) return undefined;
    try {
      return await speakFor(this.client, pod, coordinator);
    } catch {
      // The Secret is not there yet.
      return undefined;
    }
  }

  /** One session. */
  async #attend(worker: FakeWorker, job: string, life: Life): Promise<void> {
    const start = (this.#saved.get(job) ?? 0) + 1;
    let isReady = false;
    let hasReported = false;
    let hasSaidLast = false;
    for (let beats = 1; !worker.ended && !life.over; beats++) {
      if (beats % 20 === 0) worker.heartbeat();
      const isWelcome = worker.has('welcome');
      if (!isReady && isWelcome) {
        worker.ready();
        isReady = true;
      }
      const isMember = worker.has('membership');
      if (isMember && !hasReported && life.last === undefined) {
        worker.progress(start, 1, SECONDS_LEFT);
        hasReported = true;
      }
      if (isMember && worker.has('stop')) life.last ??= 'stopped';
      if ((isMember && this.#toFinish.has(job)) || worker.has('jobFinished')) life.last ??= 'finished';
      if (life.last !== undefined && isWelcome && !hasSaidLast) {
        hasSaidLast = true;
        if (life.last === 'stopped') this.#stop(worker, job, start);
        else {
          worker.progress(TOTAL_STEPS, 0.1);
          worker.finish();
        }
      }
      await pause(RETRY_MS);
    }
  }

  #stop(worker: FakeWorker, job: string, step: number): void {
    this.#saved.set(job, step);
    worker.say({
      $case: 'checkpointDone',
      value: { step, uri: `file:///out/${step}`, digest: 'sha256:1', bytes: 1, seconds: 0.1 },
    });
    worker.finish({ step, outcome: Finished_Outcome.OUTCOME_STOPPED });
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
