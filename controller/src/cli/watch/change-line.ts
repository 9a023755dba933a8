import { findCondition, type FineTuneJob } from '../../api/index.js';

/** A job on one line, without anything that changes by itself as time passes. */
export function changeLine({ metadata, status }: FineTuneJob): string {
  const { phase = 'New', queue, progress, workers, checkpoint } = status ?? {};
  const failed = findCondition(status?.conditions, 'Failed');
  const isWaiting = queue !== undefined && workers === undefined;
  return [
    `${metadata.namespace ?? 'default'}/${metadata.name}`,
    phase,
    ...(isWaiting && queue.position !== undefined ? [`position ${queue.position}`] : []),
    ...(isWaiting ? [`${queue.message} (${queue.reason})`] : []),
    ...(workers === undefined ? [] : [`workers ${workers.ready}/${workers.desired}`]),
    ...(workers?.generation === undefined ? [] : [`generation ${workers.generation}`]),
    ...(progress === undefined
      ? []
      : [`step ${progress.step}${progress.totalSteps === undefined ? '' : `/${progress.totalSteps}`}`]),
    ...(progress?.trainLoss === undefined ? [] : [`loss ${progress.trainLoss.toFixed(4)}`]),
    ...(progress?.evalLoss === undefined ? [] : [`eval ${progress.evalLoss.toFixed(4)}`]),
    ...(checkpoint === undefined ? [] : [`checkpoint ${checkpoint.step}`]),
    ...(failed?.status === 'True' ? [`${failed.message} (${failed.reason})`] : []),
  ].join('  ');
}
