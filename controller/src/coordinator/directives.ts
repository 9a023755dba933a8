import type { Directive, Finished } from '@tuneyard/proto';

import type { StoredMembership } from './state-store.js';

export function membershipDirective(membership: StoredMembership): Directive {
  const { generation, members, cause } = membership;
  return {
    body: {
      $case: 'membership',
      value: { generation, members: members.map((member) => ({ ...member })), cause },
    },
  };
}

/** Nothing is left to do for whoever is still there. */
export function finishedDirective(finished: Finished): Directive {
  return { body: { $case: 'jobFinished', value: { outcome: finished.outcome } } };
}
