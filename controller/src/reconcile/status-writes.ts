import type { FineTuneJob, FineTuneJobStatus } from '../api/index.js';
import { ApiError } from '../errors.js';
import type { Decision } from './decision.js';

/**
 * What to write where the API server refuses a status: first without what workers reported, then only what decisions
 * are made of. A figure, whatever it is, must not keep a job from being evicted or ended.
 */
export function statusesToTry(
  status: FineTuneJobStatus,
  before: FineTuneJobStatus | undefined,
): readonly FineTuneJobStatus[] {
  const { progress: _p, checkpoint: _c, resumedFrom: _r, artifacts: _a, evaluation: _e, ...decided } = status;
  const { progress, checkpoint, resumedFrom, artifacts, evaluation } = before ?? {};
  const stored = Object.fromEntries(
    Object.entries({ progress, checkpoint, resumedFrom, artifacts, evaluation }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const { lastFailure: _l, queue: _q, memory: _m, columns: _o, ...essential } = decided;
  return [status, { ...decided, ...stored }, essential];
}

/**
 * Writes the first status that is not refused as invalid.
 * @returns what was stored of which status; `refused` when all were
 */
export async function writeFirstAccepted(
  statuses: readonly FineTuneJobStatus[],
  write: (status: FineTuneJobStatus) => Promise<FineTuneJob>,
): Promise<
  { readonly stored: FineTuneJob; readonly status: FineTuneJobStatus; readonly refusal?: ApiError } | ApiError
> {
  let refusal: ApiError | undefined;
  for (const status of statuses) {
    try {
      return { stored: await write(status), status, ...(refusal === undefined ? {} : { refusal }) };
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 422) throw error;
      refusal ??= error;
    }
  }
  return refusal ?? new ApiError('there is no status to write', 422, 'Invalid');
}

/** What of a decision takes nothing and gives GPUs back: it is carried out even where the status cannot be written. */
export function endingPart(decision: Decision): Decision {
  const { createPods: _pods, register: _register, deleteJob: _delete, ...ending } = decision;
  return ending;
}
