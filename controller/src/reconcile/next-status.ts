import type { ConditionUpdate, FineTuneJob, FineTuneJobStatus } from '../api/index.js';
import { derivePhase, findCondition, mergeConditions } from '../api/index.js';
import { statusColumns } from './status-columns.js';

/** The years that RFC 3339 can write end here. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/** Seconds are enough, and metav1.Time holds no more. A time that cannot be written is the nearest one that can. */
export const rfc3339 = (ms: number) =>
  new Date(Number.isNaN(ms) ? 0 : Math.min(LAST_MS, Math.max(0, ms))).toISOString().replace(/\.\d+Z$/, 'Z');

export const condition = (
  type: ConditionUpdate['type'],
  status: ConditionUpdate['status'],
  reason: ConditionUpdate['reason'],
  message: string,
): ConditionUpdate => ({ type, status, reason, message });

/** That a job was never interrupted is not worth a condition; that it no longer is, is. */
const INTERRUPTIONS: ReadonlySet<string> = new Set(['Suspended', 'Evicted']);

/** The status with the conditions merged and the phase derived. */
export function nextStatus(
  job: FineTuneJob,
  change: FineTuneJobStatus,
  updates: readonly ConditionUpdate[],
  now: number,
): FineTuneJobStatus {
  const generation = job.metadata.generation ?? 0;
  const before = job.status?.conditions ?? [];
  const isNews = ({ type, status }: ConditionUpdate) =>
    status !== 'False' || !INTERRUPTIONS.has(type) || findCondition(before, type) !== undefined;
  const conditions = mergeConditions(before, updates.filter(isNews), generation, rfc3339(now));
  const { queueName } = job.spec;
  const queue = queueName === '' ? {} : { queueName };
  const next = {
    ...change,
    ...queue,
    conditions,
    observedGeneration: generation,
    phase: derivePhase(conditions),
  };
  const columns = statusColumns(next, job.status, now);
  const { columns: _old, ...rest } = next;
  // An API server keeps no empty object: what is read back would always differ from what was written.
  return Object.keys(columns).length === 0 ? rest : { ...rest, columns };
}
