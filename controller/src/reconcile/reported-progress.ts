import type { FineTuneJobStatus } from '../api/index.js';
import type { JobTrainingState } from '../coordinator/job-coordinator.js';
import { rfc3339 } from './next-status.js';

/** What the workers reported, as it stands in the status. Equal reports give equal objects. */
export function reportedProgress(
  before: FineTuneJobStatus,
  training: JobTrainingState | undefined,
  now: number,
): Pick<FineTuneJobStatus, 'progress' | 'checkpoint'> {
  const { progress, checkpoint } = training ?? {};
  const result: Pick<FineTuneJobStatus, 'progress' | 'checkpoint'> = {
    ...(before.progress === undefined ? {} : { progress: before.progress }),
    ...(before.checkpoint === undefined ? {} : { checkpoint: before.checkpoint }),
  };
  if (progress !== undefined) {
    const sameStep =
      before.progress?.step === progress.step && before.progress.totalSteps === progress.totalSteps;
    const evalLoss = finite(progress.evalLoss) ?? before.progress?.evalLoss;
    // Without a new step the time left shrinks as time passes, so the time of the end stays.
    const left = Math.max(0, progress.estimatedSecondsLeft) * 1000;
    const end = sameStep
      ? before.progress?.estimatedCompletionTime
      : Number.isFinite(left)
        ? rfc3339(now + left)
        : undefined;
    result.progress = {
      step: progress.step,
      totalSteps: progress.totalSteps,
      ...optional('epoch', finite(progress.epoch)),
      ...optional('trainLoss', finite(progress.trainLoss)),
      ...optional('evalLoss', evalLoss),
      ...optional('learningRate', finite(progress.learningRate)),
      ...optional('tokensPerSecond', finite(progress.tokensPerSecond)),
      ...optional('estimatedCompletionTime', end),
    };
  }
  if (checkpoint !== undefined && checkpoint.step !== before.checkpoint?.step) {
    result.checkpoint = {
      step: checkpoint.step,
      time: rfc3339(now),
      uri: checkpoint.uri,
      ...(checkpoint.digest === '' ? {} : { digest: checkpoint.digest }),
    };
  }
  return result;
}

/** JSON has no NaN; a loss that is not finite is reported as absent. Six digits are enough to read. */
const finite = (value: number | undefined) =>
  value !== undefined && Number.isFinite(value) ? Number(value.toPrecision(6)) : undefined;

const optional = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
