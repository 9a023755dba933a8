import type { Finished } from '@tuneyard/proto';
import { Finished_Outcome } from '@tuneyard/proto';

import type { MembershipState } from './membership-state.js';

/**
 * Whether the end of one worker is that of its job. Rank 0 speaks for the job; so does whoever finds that the job cannot
 * succeed anywhere. A worker that fails for want of memory or a device leaves, and the others go on without it.
 */
export function decidesJob(state: MembershipState, memberId: string, finished: Finished): boolean {
  const leader = state.members[0]?.memberId ?? memberId;
  if (finished.outcome !== Finished_Outcome.OUTCOME_FAILED) return leader === memberId;
  const isLocal = finished.reason === 'Infrastructure' || finished.reason === 'OutOfMemory';
  const hasOthers = [...state.workers.values()].some(
    (worker) => worker.memberId !== memberId && worker.link === 'open' && !worker.finished,
  );
  return !isLocal || !hasOthers;
}
