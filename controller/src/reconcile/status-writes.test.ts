import { describe, expect, it } from 'vitest';
import type { FineTuneJob, FineTuneJobStatus } from '../api/index.js';
import { ApiError } from '../errors.js';
import { endingPart, statusesToTry, writeFirstAccepted } from './status-writes.js';

const invalid = new ApiError('status.progress.step: must be a number', 422, 'Invalid');
const before: FineTuneJobStatus = { progress: { step: 1 } };
const wanted: FineTuneJobStatus = {
  phase: 'Queued',
  evictions: 1,
  progress: { step: Number.NaN },
  evaluation: [{ metric: 'a', tuned: 1, examples: 1 }],
  lastFailure: { reason: 'UserError', message: 'x', time: 'y' },
};

/** A server that accepts a status only if `accepts` does. */
async function write(accepts: (status: FineTuneJobStatus) => boolean) {
  const tried: FineTuneJobStatus[] = [];
  const result = await writeFirstAccepted(statusesToTry(wanted, before), (status) => {
    tried.push(status);
    return accepts(status) ? Promise.resolve({ status } as FineTuneJob) : Promise.reject(invalid);
  });
  return { tried, result };
}

describe('a status that the API server refuses', () => {
  it('is written without what workers reported', async () => {
    const { result } = await write(({ progress }) => progress?.step === 1);
    expect(result).toMatchObject({
      status: { phase: 'Queued', evictions: 1, progress: { step: 1 } },
      refusal: invalid,
    });
    expect('status' in result && typeof result.status === 'object' && 'evaluation' in result.status).toBe(
      false,
    );
  });

  it('is written without anything but what decisions are made of', async () => {
    const { result } = await write(
      ({ progress, lastFailure }) => progress === undefined && lastFailure === undefined,
    );
    expect(result).toMatchObject({ status: { phase: 'Queued', evictions: 1 } });
  });

  it('is a refusal when nothing is accepted, and other errors are not', async () => {
    expect((await write(() => false)).result).toBe(invalid);
    const conflict = new ApiError('changed', 409, 'Conflict');
    await expect(writeFirstAccepted([wanted], () => Promise.reject(conflict))).rejects.toBe(conflict);
  });

  it('does not keep GPUs from being given back, and takes none', () => {
    const decision = { status: wanted, unregister: true, deletePods: [], createPods: [], deleteJob: true };
    expect(endingPart(decision)).toEqual({ status: wanted, unregister: true, deletePods: [] });
  });
});
