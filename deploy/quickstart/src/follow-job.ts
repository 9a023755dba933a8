import { setTimeout as delay } from 'node:timers/promises';
import { CustomObjectsApi } from '@kubernetes/client-node';
import { FINE_TUNE_JOBS, GROUP, VERSION, type FineTuneJob } from '@tuneyard/controller/api';
import type { LossPoint, ProgressDisplay } from '@tuneyard/controller/display';
import type { ExampleJob } from './apply-example.js';
import type { Cluster } from './cluster.js';

export interface JobResult {
  readonly losses: readonly LossPoint[];
  readonly evaluation: NonNullable<NonNullable<FineTuneJob['status']>['evaluation']>;
  readonly steps: number;
  readonly trainSeconds: number;
}

const POLL_MS = 250;

/** Shows the job's progress until it is complete. @throws Error with the job's own message when it failed. */
export async function followJob(
  cluster: Cluster,
  { namespace, name }: ExampleJob,
  display: ProgressDisplay,
  interrupted: AbortSignal,
): Promise<JobResult> {
  const api = cluster.config.makeApiClient(CustomObjectsApi);
  const losses: LossPoint[] = [];
  let phase = '';
  let trainingSince = 0;
  for (;;) {
    interrupted.throwIfAborted();
    const job = (await api.getNamespacedCustomObject({
      group: GROUP,
      version: VERSION,
      plural: FINE_TUNE_JOBS,
      namespace,
      name,
    })) as FineTuneJob;
    const status = job.status;
    if (status?.phase !== undefined && status.phase !== phase) {
      phase = status.phase;
      if (phase === 'Training') trainingSince = performance.now();
      const why = status.queue?.message ? `: ${status.queue.message}` : '';
      display.line(`job is ${phase}${why}`);
    }
    const progress = status?.progress;
    if (progress?.step !== undefined && progress.step !== losses.at(-1)?.step) {
      losses.push({ step: progress.step, loss: progress.trainLoss ?? NaN });
      display.update({
        step: progress.step,
        totalSteps: progress.totalSteps ?? 0,
        trainLoss: progress.trainLoss ?? NaN,
        evalLoss: progress.evalLoss,
        tokensPerSecond: progress.tokensPerSecond ?? 0,
        secondsLeft: secondsUntil(progress.estimatedCompletionTime),
        workers: status?.workers?.desired ?? 0,
      });
    }
    if (phase === 'Complete') {
      return {
        losses,
        evaluation: status?.evaluation ?? [],
        steps: losses.at(-1)?.step ?? 0,
        trainSeconds: (performance.now() - trainingSince) / 1000,
      };
    }
    if (phase === 'Failed') {
      const failed = status?.conditions?.find(({ type }) => type === 'Failed');
      throw new Error(`the job failed (${failed?.reason ?? 'no reason'}): ${failed?.message ?? ''}`);
    }
    await delay(POLL_MS, undefined, { signal: interrupted }).catch(() => undefined);
  }
}

function secondsUntil(time: string | undefined): number {
  return time === undefined ? 0 : Math.max(0, (Date.parse(time) - Date.now()) / 1000);
}
