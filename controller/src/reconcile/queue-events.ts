import type { Condition, GpuQueue, GpuQueueStatus, QueueConditionType } from '../api/index.js';
import { queueProblem } from './stored-object.js';
import type { TransitionEvent } from './transition-events.js';

/** What to tell people of the step from the status of a queue to the next one. */
export function queueEvents(queue: GpuQueue, after: GpuQueueStatus): TransitionEvent[] {
  const { status: before } = queue;
  return [
    ...activityEvents(queue, conditionOf(after, 'Active')),
    ...overcommitmentEvents(conditionOf(before, 'Overcommitted'), conditionOf(after, 'Overcommitted')),
    ...borrowingEvents(before, after),
  ];
}

const conditionOf = (status: GpuQueueStatus | undefined, type: QueueConditionType) =>
  status?.conditions?.find((condition) => condition.type === type);

function activityEvents(queue: GpuQueue, after: Condition | undefined): TransitionEvent[] {
  if (after === undefined) return [];
  const before = conditionOf(queue.status, 'Active');
  const { status, reason, message } = after;
  // A new queue that admits jobs is no news.
  if (status === 'True')
    return before?.status === 'False' ? [{ type: 'Normal', reason: 'Active', message }] : [];
  // Another stopPolicy is news too; of a flavor that comes or goes beside others that are missing, the condition tells.
  const isNews = before?.reason !== reason || (reason === 'Stopped' && before.message !== message);
  if (!isNews) return [];
  // A stopPolicy is what somebody wanted; a queue that cannot be read, or a flavor that no node has, is not.
  const isWanted = reason === 'Stopped' && queueProblem(queue) === undefined;
  return [{ type: isWanted ? 'Normal' : 'Warning', reason, message }];
}

function overcommitmentEvents(
  before: Condition | undefined,
  after: Condition | undefined,
): TransitionEvent[] {
  if (after === undefined || after.status === (before?.status ?? 'False')) return [];
  const { status, reason, message } = after;
  return [{ type: status === 'True' ? 'Warning' : 'Normal', reason, message }];
}

/** When a queue begins to use GPUs of others, and when those have them back; not each number between. */
function borrowingEvents(before: GpuQueueStatus | undefined, after: GpuQueueStatus): TransitionEvent[] {
  return (after.usage ?? []).flatMap(({ flavor, nominal, used, borrowed }): TransitionEvent[] => {
    const known = before?.usage?.find((usage) => usage.flavor === flavor)?.borrowed ?? 0;
    if (known > 0 === borrowed > 0) return [];
    const message =
      borrowed > 0
        ? `its jobs use ${used} ${flavor}, ${borrowed} more than its nominal quota: they are borrowed until other queues of the cohort want them`
        : `its jobs use ${used} ${flavor}, within its nominal quota of ${nominal}`;
    return [{ type: 'Normal', reason: borrowed > 0 ? 'Borrowing' : 'BorrowingEnded', message }];
  });
}
