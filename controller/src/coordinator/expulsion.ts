import type {
  MembershipEffect,
  MembershipEvent,
  MembershipSettings,
  MembershipStep,
} from './membership-events.js';
import type { MembershipState } from './membership-state.js';
import { watchStragglers } from './stragglers.js';

type Expulsion = Extract<MembershipEffect, { kind: 'expel' }>;

/** The members agree that one computed wrong bits. Of no effect when that is of another generation, or known. */
export function convict(
  state: MembershipState,
  { generation, memberId, reason }: Extract<MembershipEvent, { kind: 'wrong-bits' }>,
  now: number,
  settings: MembershipSettings,
): MembershipStep {
  const isMember = state.members.some((member) => member.memberId === memberId);
  const isKnown = state.workers.get(memberId)?.expelled !== undefined;
  if (generation !== state.generation || state.over || !isMember || isKnown) return { state, effects: [] };
  return expel(state, { kind: 'expel', memberId, cause: 'wrong-bits', reason }, now, settings);
}

/** Reports members that have been far slower than the others for long, and expels them where the job allows it. */
export function watchPace(
  before: MembershipState,
  now: number,
  settings: MembershipSettings,
): MembershipStep {
  if (before.over) return { state: before, effects: [] };
  const watched = watchStragglers(before, now, settings);
  let { state } = watched;
  const effects: MembershipEffect[] = [];
  for (const { memberId, ratio } of watched.found) {
    effects.push({ kind: 'straggler', memberId, ratio });
    if (!state.replaceStragglers || state.replaced.has(memberId)) continue;
    const reason = `it took ${ratio.toFixed(1)} times as long for a micro-batch as is usual among the others`;
    const expelled = expel(state, { kind: 'expel', memberId, cause: 'straggler', reason }, now, settings);
    state = { ...expelled.state, replaced: new Set(state.replaced).add(memberId) };
    effects.push(...expelled.effects);
  }
  return { state, effects };
}

function expel(
  state: MembershipState,
  effect: Expulsion,
  now: number,
  settings: MembershipSettings,
): MembershipStep {
  const known = state.workers.get(effect.memberId);
  if (known === undefined) return { state, effects: [] };
  const workers = new Map(state.workers).set(effect.memberId, { ...known, expelled: effect.reason });
  const pending = { dueAt: now + settings.lossSettleMs, cause: 'expelled' as const };
  return { state: { ...state, workers, pending }, effects: [effect] };
}
