import type { ResolvedSpec } from '../api/index.js';
import type { JobFacts } from './facts.js';

/**
 * The micro-batch with which a job that ran out of memory is tried again: the largest divisor of its batch that is at
 * most half of the one it had. Undefined when it is 1 already, or was made smaller before.
 */
export function smallerMicroBatch({ job, resolved }: Pick<JobFacts, 'job' | 'resolved'>): number | undefined {
  if (resolved === undefined || job.status?.microBatchSize !== undefined) return undefined;
  const { batchSize, microBatchSize } = resolved.training;
  for (let rows = Math.floor(microBatchSize / 2); rows > 0; rows--) if (batchSize % rows === 0) return rows;
  return undefined;
}

/** The spec as it is run after a worker ran out of memory; a smaller micro-batch that the user set meanwhile stays. */
export function withMicroBatch(spec: ResolvedSpec, microBatchSize: number | undefined): ResolvedSpec {
  const { training } = spec;
  const applies =
    microBatchSize !== undefined &&
    microBatchSize < training.microBatchSize &&
    training.batchSize % microBatchSize === 0;
  if (!applies) return spec;
  const field = 'training.microBatchSize';
  const reason = `a worker ran out of memory with ${training.microBatchSize}; the batch of ${training.batchSize} stays the same`;
  return {
    ...spec,
    training: { ...training, microBatchSize },
    reasons: [...spec.reasons.filter((filled) => filled.field !== field), { field, reason }],
  };
}
