import type { MembershipState, WorkerIdentity } from './membership-state.js';
import { gainOf, sharesOf, type PaceSettings } from './pace.js';

/** Speeds that keep changing are followed less and less often. */
const MAX_DOUBLINGS = 6;

/** What a micro-batch takes on each of these members; undefined = not known. */
export function pacesOf(
  { workers }: Pick<MembershipState, 'workers'>,
  members: readonly WorkerIdentity[],
): (number | undefined)[] {
  return members.map(({ memberId }) => workers.get(memberId)?.unitSeconds);
}

/** Everybody is there and known, enough steps were taken, and other shares would make the steps clearly shorter. */
export function isBalancingDue(state: MembershipState, settings: PaceSettings): boolean {
  const { members, shares } = state;
  if (state.over || members.length < 2) return false;
  const steps = settings.balanceAfterSteps * 2 ** Math.min(state.balances, MAX_DOUBLINGS);
  if (state.committedStep < state.dealtAtStep + steps) return false;
  const paces = pacesOf(state, members);
  return gainOf(paces, shares, sharesOf(paces, settings)) > settings.balanceGain;
}
