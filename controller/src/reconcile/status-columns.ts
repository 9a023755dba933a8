import type { FineTuneJobStatus } from '../api/index.js';
import { findCondition, isTrue } from '../api/index.js';

/** A message of a column; the whole one stands in the condition or in status.queue. */
const MAX_MESSAGE = 256;
const LOSS_DIGITS = 4;

type Columns = NonNullable<FineTuneJobStatus['columns']>;

/**
 * What `kubectl get` shows of a job beside plain fields: a printer column can show one value as it is, and no more.
 * The time left is only renewed with a step, so that no status is written for the clock alone.
 */
export function statusColumns(
  after: FineTuneJobStatus,
  before: FineTuneJobStatus | undefined,
  now: number,
): Columns {
  const { placement, progress, conditions } = after;
  const isAdmitted = isTrue(conditions, 'Admitted');
  const gpus =
    placement === undefined || !isAdmitted
      ? undefined
      : `${placement.nodes.length * (placement.gpusPerWorker ?? 1)}`;
  return {
    ...optional('gpus', gpus),
    ...optional('flavor', isAdmitted ? placement?.flavor : undefined),
    ...optional('step', progress && stepOf(progress)),
    ...optional('loss', progress?.trainLoss?.toPrecision(LOSS_DIGITS)),
    ...optional(
      'left',
      isAdmitted && findCondition(conditions, 'Training')?.status !== 'Unknown'
        ? timeLeft(after, before, now)
        : undefined,
    ),
    ...optional('missing', isAdmitted ? missingOf(conditions)?.slice(0, MAX_MESSAGE) : undefined),
    ...optional('message', messageOf(after)?.slice(0, MAX_MESSAGE)),
  };
}

/** That all workers are there is nothing missing. */
function missingOf(conditions: FineTuneJobStatus['conditions']): string | undefined {
  const readiness = findCondition(conditions, 'WorkersReady');
  return readiness?.status === 'False' ? readiness.message : undefined;
}

const stepOf = ({ step, totalSteps }: NonNullable<FineTuneJobStatus['progress']>) =>
  totalSteps === undefined ? `${step}` : `${step}/${totalSteps}`;

function timeLeft(
  { progress }: FineTuneJobStatus,
  before: FineTuneJobStatus | undefined,
  now: number,
): string | undefined {
  const end = Date.parse(progress?.estimatedCompletionTime ?? '');
  if (progress === undefined || Number.isNaN(end)) return undefined;
  const known = before?.columns?.left;
  if (known !== undefined && before?.progress?.step === progress.step) return known;
  return shortDuration((end - now) / 1000);
}

/** As kubectl writes an age: 45s, 12m, 3h20m, 2d4h. */
export function shortDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole}s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return hours % 24 === 0 ? `${hours / 24}d` : `${Math.floor(hours / 24)}d${hours % 24}h`;
}

/** Why it waits, failed or lacks workers; undefined where all is well. */
function messageOf({ conditions, queue }: FineTuneJobStatus): string | undefined {
  const failed = findCondition(conditions, 'Failed');
  if (failed?.status === 'True') return failed.message;
  if (isTrue(conditions, 'Complete')) return undefined;
  if (!isTrue(conditions, 'Admitted'))
    return queue?.message ?? findCondition(conditions, 'QuotaReserved')?.message;
  const checkpointing = findCondition(conditions, 'Checkpointing');
  if (checkpointing?.status === 'True') return checkpointing.message;
  return missingOf(conditions);
}

const optional = (key: keyof Columns, value: string | undefined): Columns =>
  value === undefined || value === '' ? {} : { [key]: value };
