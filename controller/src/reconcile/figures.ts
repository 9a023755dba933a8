import type { FineTuneJobStatus } from '../api/index.js';
import { equalJson } from '../kube/index.js';

/**
 * Whether two statuses tell the same but for figures that change all the time: the progress, and how many workers are
 * ready while not all are. The first progress is more than a figure.
 */
export function differsInFiguresAlone(before: FineTuneJobStatus, after: FineTuneJobStatus): boolean {
  return (
    (before.progress === undefined) === (after.progress === undefined) &&
    !equalJson(before, after) &&
    equalJson(withoutFigures(before), withoutFigures(after))
  );
}

const withoutFigures = (status: FineTuneJobStatus): FineTuneJobStatus => ({
  ...status,
  progress: undefined,
  columns: undefined,
  workers: status.workers && { ...status.workers, ready: 0 },
  conditions: status.conditions?.map((condition) =>
    condition.type === 'WorkersReady' && condition.reason === 'WaitingForWorkers'
      ? { ...condition, message: '' }
      : condition,
  ),
});
