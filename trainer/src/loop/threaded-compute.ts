import { Worker } from 'node:worker_threads';
import type { Scalars } from '../collective/group.js';
import { copyInSlices, copyOf } from '../support/index.js';
import type { MemoryReport } from '../memory/index.js';
import type { LocalJob } from '../storage/index.js';
import type { HeldOutRows, ModelName } from '../evaluation/index.js';
import type { Compute, LoadedJob, LoadPhase, MatchCount, RunSummary } from './compute.js';
import type { PhaseMessage } from './serve-workbench.js';
import type { UpdateOptions } from './engine.js';
import { ThreadCaller } from './thread-rpc.js';

export interface ComputeThreadOptions {
  /** Measure the memory of every gradient, for {@link Compute.memoryReport}. */
  readonly measureMemory: boolean;
}

/** {@link Compute} in a worker thread: heartbeats, gRPC and `/metrics` stay alive during a long step. */
export class ThreadedCompute implements Compute {
  private readonly worker: Worker;
  private readonly thread: ThreadCaller;
  private shared: Float32Array = new Float32Array(0);

  /**
   * @param options become the thread's `workerData`
   * @param entry what runs in the thread and calls {@link serveWorkbench}; default: the {@link Workbench} itself
   */
  constructor(options: ComputeThreadOptions, entry = new URL('./compute-thread.js', import.meta.url)) {
    this.worker = new Worker(entry, { workerData: options });
    this.thread = new ThreadCaller(this.worker);
  }

  async load(local: LocalJob, onPhase?: (phase: LoadPhase) => void): Promise<LoadedJob> {
    this.worker.on('message', (message: Partial<PhaseMessage>) => {
      if (message.phase !== undefined) onPhase?.(message.phase);
    });
    const { job, shared } = await this.thread.call<{ job: LoadedJob; shared: Float32Array }>('load', local);
    this.shared = shared;
    return job;
  }

  async gradient(step: number, index: number, out: Float32Array): Promise<Scalars> {
    const scalars = await this.thread.call<Scalars>('gradient', step, index);
    await copyInSlices(out, this.shared);
    return scalars;
  }

  validationLoss(index: number): Promise<Scalars> {
    return this.thread.call('validationLoss', index);
  }

  baseLoss(index: number): Promise<Scalars> {
    return this.thread.call('baseLoss', index);
  }

  exactMatches(group: number, model: ModelName): Promise<MatchCount> {
    return this.thread.call('exactMatches', group, model);
  }

  heldOutRows(): Promise<HeldOutRows> {
    return this.thread.call('heldOutRows');
  }

  rowLoss(row: number, model: ModelName): Promise<number> {
    return this.thread.call('rowLoss', row, model);
  }

  rowAnswers(rows: readonly number[], model: ModelName, maxNewTokens: number): Promise<readonly string[]> {
    return this.thread.call('rowAnswers', rows, model, maxNewTokens);
  }

  async update(gradient: Float32Array, options: UpdateOptions): Promise<number> {
    await copyInSlices(this.shared, gradient);
    return this.thread.call('update', options);
  }

  takeDataSeconds(): Promise<number> {
    return this.thread.call('takeDataSeconds');
  }

  exportState(): Promise<Uint8Array> {
    return this.thread.call('exportState');
  }

  async importState(state: Uint8Array): Promise<void> {
    // The thread keeps what it is given.
    await this.thread.call('importState', await copyOf(state));
  }

  save(folder: string, summary: RunSummary): Promise<void> {
    return this.thread.call('save', folder, summary);
  }

  memoryReport(): Promise<MemoryReport | undefined> {
    return this.thread.call('memoryReport');
  }

  async dispose(): Promise<void> {
    await this.thread.call('dispose').catch(() => undefined);
    await this.worker.terminate();
  }
}
