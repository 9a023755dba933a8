import type { Directive, Finished } from '@tuneyard/proto';

import type { StoredMembership } from './state-store.js';

export function membershipDirective(membership: StoredMembership): Directive {
  const { generation, members, shares, cause } = membership;
  return {
    body: {
      $case: 'membership',
      value: {
        generation,
        members: members.map((member, rank) => ({ ...member, share: shares?.[rank] ?? 1 })),
        cause,
      },
    },
  };
}

/** The process has to end; another takes its place. */
export function expelledDirective(reason: string): Directive {
  return { body: { $case: 'expelled', value: { reason } } };
}

/** Nothing is left to do for whoever is still there. */
export function finishedDirective(finished: Finished): Directive {
  return { body: { $case: 'jobFinished', value: { outcome: finished.outcome } } };
}
