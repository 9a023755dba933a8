import { pacesOf } from './balancing.js';
import type { KnownWorker, MembershipState } from './membership-state.js';
import { slowness, type PaceSettings } from './pace.js';

/** Share of the limit below which a straggler is one no more. */
const CLEARLY_BETTER = 0.7;

export interface Straggler {
  readonly memberId: string;
  /** How many times longer than the median of the others it takes. */
  readonly ratio: number;
}

/** Members that have by now been far slower than the others for long, each found once. */
export function watchStragglers(
  before: MembershipState,
  now: number,
  settings: PaceSettings,
): { readonly state: MembershipState; readonly found: readonly Straggler[] } {
  const paces = pacesOf(before, before.members);
  const workers = new Map(before.workers);
  const found: Straggler[] = [];
  before.members.forEach(({ memberId }, rank) => {
    const known = before.workers.get(memberId);
    const ratio = slowness(paces, rank);
    if (known === undefined || ratio === undefined) return;
    const { slow, isFound } = slowAfter(known.slow, ratio, now, settings);
    if (slow !== known.slow) workers.set(memberId, { ...known, slow });
    if (isFound) found.push({ memberId, ratio });
  });
  return { state: { ...before, workers }, found };
}

/** A member that wavers around the limit is one straggler, not many: only clearly better speed ends it. */
function slowAfter(
  before: KnownWorker['slow'],
  ratio: number,
  now: number,
  settings: PaceSettings,
): { readonly slow: KnownWorker['slow']; readonly isFound: boolean } {
  const isSlow = ratio >= settings.stragglerRatio;
  if (before === undefined)
    return { slow: isSlow ? { since: now, reported: false } : undefined, isFound: false };
  if (ratio < CLEARLY_BETTER * settings.stragglerRatio) return { slow: undefined, isFound: false };
  const isFound = isSlow && !before.reported && now - before.since >= settings.stragglerAfterMs;
  return { slow: isFound ? { ...before, reported: true } : before, isFound };
}
