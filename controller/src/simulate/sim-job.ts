import type { PendingJob, RunningJob } from '../scheduling/index.js';
import type { TraceJob } from './trace.js';

/** Assumptions about what it costs to move jobs about. */
export interface Costs {
  /** From being told until a checkpoint is written and the GPUs are free, in seconds. */
  readonly checkpointSeconds: number;
  /** From an admission until the first step after an earlier eviction, in seconds. */
  readonly restartSeconds: number;
  /** Training stands still for so long when workers leave or join, in seconds. */
  readonly resizeSeconds: number;
  /** Running jobs write a checkpoint by themselves so often, in seconds. */
  readonly periodSeconds: number;
  /** One in so many evictions is not acknowledged: the work since the last checkpoint is lost. */
  readonly unacknowledgedOneIn: number;
}

export const DEFAULT_COSTS: Costs = {
  checkpointSeconds: 30,
  restartSeconds: 60,
  resizeSeconds: 10,
  periodSeconds: 1800,
  unacknowledgedOneIn: 10,
};

/** A job of a trace as it waits and runs. Work is in GPU-seconds, and goes with the number of GPUs (ideal scaling). */
export class SimJob {
  readonly pendingPart: PendingJob;
  /** GPU-seconds that are done and kept. */
  #done = 0;
  #running: RunningJob | undefined;
  /** Up to here `#done` is counted, in ms; later than now while a restart or a resize is under way. */
  #countedTo = 0;
  firstStart: number | undefined;
  end: number | undefined;
  evictions = 0;
  gpuSecondsLost = 0;
  /** Distinguishes events of this placement from those of earlier ones. */
  version = 0;

  constructor(
    readonly trace: TraceJob,
    queueName: string,
    /** Smallest part of its GPUs that it may run with; 1: all. */
    elasticity: number,
    private readonly costs: Costs,
  ) {
    const { gpus, submittedAt, id } = trace;
    // Up to a node's worth it runs on one node; larger ones in workers of 4, or as few as divide them.
    const gpusPerWorker = gpus <= 8 ? 1 : ([4, 2].find((each) => gpus % each === 0) ?? 1);
    const max = gpus / gpusPerWorker;
    this.pendingPart = {
      key: id,
      namespace: 'default',
      queueName,
      priority: 0,
      createdAt: submittedAt,
      min: Math.max(1, Math.ceil(max * elasticity)),
      max,
      gpusPerWorker,
      needs: NO_NEEDS,
      topology: gpus > 1 && gpus <= 8 ? ONE_NODE : undefined,
      gpuSeconds: gpus * trace.seconds,
    };
  }

  get running(): RunningJob | undefined {
    return this.#running;
  }

  /** As it waits, with the work that is left. */
  pending(): PendingJob {
    return this.#done === 0 ? this.pendingPart : { ...this.pendingPart, gpuSeconds: this.left };
  }

  get left(): number {
    return this.trace.gpus * this.trace.seconds - this.#done;
  }

  start(flavor: string, resource: string, nodes: readonly string[], now: number): void {
    this.firstStart ??= now;
    this.#countedTo = now + (this.evictions > 0 ? this.costs.restartSeconds * 1000 : 0);
    this.#place({ ...this.pendingPart, flavor, resource, nodes, startedAt: now }, now);
  }

  resize(nodes: readonly string[], now: number): void {
    const running = this.#running as RunningJob;
    this.#count(now);
    this.#countedTo = Math.max(this.#countedTo, now + this.costs.resizeSeconds * 1000);
    this.#place({ ...running, nodes, resizedAt: now }, now);
  }

  /** It is told to give its GPUs back. @returns when it has, in ms */
  evict(now: number, graceMs: number): number {
    const acknowledges = (this.version + this.trace.gpus) % this.costs.unacknowledgedOneIn !== 0;
    const by = now + (acknowledges ? this.costs.checkpointSeconds * 1000 : graceMs);
    const running = this.#running as RunningJob;
    this.#count(now);
    if (!acknowledges) {
      const lost = this.#unsaved(now);
      this.#done -= lost;
      this.gpuSecondsLost += lost;
    }
    this.#running = { ...running, givesBackBy: by };
    this.version++;
    this.evictions++;
    return by;
  }

  stop(): void {
    this.#running = undefined;
    this.version++;
  }

  /** What the scheduler sees of a running job now. */
  observed(now: number): RunningJob {
    const running = this.#running as RunningJob;
    const period = this.costs.periodSeconds * 1000;
    const checkpoints = Math.floor((now - running.startedAt) / period);
    if (checkpoints === 0) return running;
    const checkpointedAt = running.startedAt + checkpoints * period;
    if (running.checkpointedAt !== checkpointedAt) this.#running = { ...running, checkpointedAt };
    return this.#running as RunningJob;
  }

  #gpus = () => (this.#running?.nodes.length ?? 0) * this.pendingPart.gpusPerWorker;

  #place(running: RunningJob, now: number): void {
    this.#running = running;
    this.version++;
    const from = Math.max(now, this.#countedTo);
    this.#running = { ...running, estimatedEnd: from + (this.left / this.#gpus()) * 1000 };
  }

  #count(now: number): void {
    if (now <= this.#countedTo) return;
    this.#done += ((now - this.#countedTo) / 1000) * this.#gpus();
    this.#countedTo = now;
  }

  #unsaved(now: number): number {
    const { startedAt } = this.#running as RunningJob;
    const seconds = ((now - startedAt) / 1000) % this.costs.periodSeconds;
    return Math.min(this.#done, seconds * this.#gpus());
  }
}

const NO_NEEDS = { nodeSelector: {}, tolerations: [] };
const ONE_NODE = { level: 'node', mode: 'required' } as const;
