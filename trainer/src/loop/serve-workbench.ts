import type { MessagePort } from 'node:worker_threads';
import type { LocalJob } from '../storage/index.js';
import type { ModelName } from '../evaluation/index.js';
import type { LoadPhase, RunSummary } from './compute.js';
import type { UpdateOptions } from './engine.js';
import { serveCalls } from './thread-rpc.js';
import type { Workbench } from './workbench.js';

/** What the thread says without being asked. */
export interface PhaseMessage {
  readonly phase: LoadPhase;
}

/** The thread's side of {@link ThreadedCompute}: serves `workbench` to the one behind the port. */
export function serveWorkbench(port: MessagePort, workbench: Workbench): void {
  /** The flat vector shared with the main thread: gradients go out through it, summed gradients come in. */
  let shared: Float32Array = new Float32Array(0);

  serveCalls(port, {
    load: async (local: LocalJob) => {
      const job = await workbench.load(local, (phase) => port.postMessage({ phase } satisfies PhaseMessage));
      shared = new Float32Array(new SharedArrayBuffer(job.parameterCount * 4));
      return { job, shared };
    },
    gradient: (step: number, index: number) => workbench.gradient(step, index, shared),
    validationLoss: (index: number) => workbench.validationLoss(index),
    baseLoss: (index: number) => workbench.baseLoss(index),
    exactMatches: (group: number, model: ModelName) => workbench.exactMatches(group, model),
    heldOutRows: () => workbench.heldOutRows(),
    rowLoss: (row: number, model: ModelName) => workbench.rowLoss(row, model),
    rowAnswers: (rows: readonly number[], model: ModelName, maxNewTokens: number) =>
      workbench.rowAnswers(rows, model, maxNewTokens),
    update: (options: UpdateOptions) => workbench.update(shared, options),
    takeDataSeconds: () => workbench.takeDataSeconds(),
    exportState: () => workbench.exportState(),
    importState: (state: Uint8Array) => workbench.importState(state),
    save: (folder: string, summary: RunSummary) => workbench.save(folder, summary),
    memoryReport: () => workbench.memoryReport(),
    dispose: () => workbench.dispose(),
  });
}
