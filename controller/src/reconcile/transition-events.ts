import type { Condition, FineTuneJobStatus, Placement } from '../api/index.js';
import { findCondition, IMPOSSIBLE_REASONS } from '../api/index.js';
import type { EventType } from '../kube/index.js';
import { describeResumption } from './resumed-from.js';

export interface TransitionEvent {
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
}

/** Conditions that are worth an event when they become true, and of which kind. */
const NEWS: Readonly<Record<string, EventType>> = {
  Admitted: 'Normal',
  WorkersReady: 'Normal',
  Training: 'Normal',
  Checkpointing: 'Normal',
  Suspended: 'Normal',
  Evicted: 'Warning',
  Complete: 'Normal',
  Failed: 'Warning',
};

/** What to tell people of the step from one status to the next. */
export function transitionEvents(
  before: FineTuneJobStatus | undefined,
  after: FineTuneJobStatus,
): TransitionEvent[] {
  const events: TransitionEvent[] = [];
  const old = new Map((before?.conditions ?? []).map((condition) => [condition.type, condition]));
  for (const condition of after.conditions ?? []) {
    const event = eventOf(old.get(condition.type), condition);
    if (event !== undefined) events.push(event);
  }
  // Workers of which all are ready begin at once: one event says both.
  if (events.some(({ reason }) => reason === 'Training')) drop(events, 'WorkersReady');
  // One that was evicted has not been looked at anew: why it waits is why it was evicted.
  if (events.some(({ reason }) => reason === 'Evicted')) drop(events, 'PendingEvaluation');
  if ((after.restarts ?? 0) > (before?.restarts ?? 0)) {
    events.push({
      type: 'Warning',
      reason: 'WorkerFailed',
      message: after.lastFailure?.message ?? 'a worker failed',
    });
  }
  const { resumedFrom } = after;
  if (resumedFrom !== undefined && resumedFrom.time !== before?.resumedFrom?.time) {
    // Of the same job it is what was to be expected.
    const type = resumedFrom.job === undefined ? 'Normal' : 'Warning';
    events.push({ type, reason: 'Resumed', message: describeResumption(resumedFrom) });
  }
  events.push(...lossEvents(before?.placement, after.placement));
  const missing = missingEvent(before, after);
  if (missing !== undefined) events.push(missing);
  return events;
}

const OBSTACLES: ReadonlySet<string> = new Set([
  'WorkerUnschedulable',
  'WorkerNotStarting',
  'WorkerNameTaken',
  'CoordinatorUnreachable',
]);

/** Why workers do not come up, told once for every kind of reason; a refused pod has an event of its own. */
function missingEvent(
  before: FineTuneJobStatus | undefined,
  after: FineTuneJobStatus,
): TransitionEvent | undefined {
  const readiness = findCondition(after.conditions, 'WorkersReady');
  if (readiness?.status !== 'False' || !OBSTACLES.has(readiness.reason)) return undefined;
  if (findCondition(before?.conditions, 'WorkersReady')?.reason === readiness.reason) return undefined;
  return { type: 'Warning', reason: readiness.reason, message: readiness.message };
}

/** Workers that lost their nodes, and that go on on others. */
function lossEvents(before: Placement | undefined, after: Placement | undefined): TransitionEvent[] {
  if (before === undefined || after === undefined) return [];
  const known = before.lost ?? [];
  const lost = (after.lost ?? []).filter((index) => !known.includes(index));
  const replaced = known.filter(
    (index) => index < after.nodes.length && after.nodes[index] !== before.nodes[index],
  );
  return [
    ...lost.map((index) => ({
      type: 'Warning' as const,
      reason: 'NodeLost',
      message: `worker ${index} lost its node ${after.nodes[index]}; the others go on`,
    })),
    ...replaced.map((index) => ({
      type: 'Normal' as const,
      reason: 'WorkerReplaced',
      message: `worker ${index}, which was on ${before.nodes[index]}, goes on on ${after.nodes[index]}`,
    })),
  ];
}

function drop(events: TransitionEvent[], reason: string): void {
  const at = events.findIndex((event) => event.reason === reason);
  if (at >= 0) events.splice(at, 1);
}

/** Reasons that another condition has told already. */
const QUIET: ReadonlySet<string> = new Set(['Suspended', 'Finished']);

function eventOf(before: Condition | undefined, after: Condition): TransitionEvent | undefined {
  const type = NEWS[after.type];
  if (type !== undefined && after.status === 'True' && before?.status !== 'True') {
    const reason = after.type === 'Failed' ? after.reason : after.type;
    return { type, reason, message: after.message === '' ? after.type : after.message };
  }
  // Why it waits, told again only when the kind of reason changes, not with every number.
  if (
    after.type === 'QuotaReserved' &&
    after.status === 'False' &&
    after.reason !== before?.reason &&
    !QUIET.has(after.reason)
  ) {
    const isImpossible = IMPOSSIBLE_REASONS.some((reason) => reason === after.reason);
    return { type: isImpossible ? 'Warning' : 'Normal', reason: after.reason, message: after.message };
  }
  return undefined;
}
