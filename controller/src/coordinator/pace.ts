/**
 * How fast the workers of a job are, and what follows from it: who gets which share of the micro-batches, and who is too
 * slow to be borne. Pure; the results of training do not depend on any of it.
 */

export interface PaceSettings {
  /** Bounds of a member's share, 1 = that of an average member. Both 1 = everybody gets the same. */
  readonly leastShare: number;
  readonly mostShare: number;
  /** Committed steps before a deal by speed; twice as many before each further one among the same members. */
  readonly balanceAfterSteps: number;
  /** A new deal is worth the while when the step gets shorter by more than this, 0..1. */
  readonly balanceGain: number;
  /** A member is a straggler when it takes so many times what is usual among the others … */
  readonly stragglerRatio: number;
  /** … for so long. */
  readonly stragglerAfterMs: number;
}

export const DEFAULT_PACE_SETTINGS: PaceSettings = {
  leastShare: 0.5,
  mostShare: 2,
  balanceAfterSteps: 10,
  balanceGain: 0.1,
  stragglerRatio: 3,
  stragglerAfterMs: 60_000,
};

/** Shares are told in hundredths, so that noise does not look like news. */
const RESOLUTION = 100;

/**
 * In proportion to speed, within bounds. A member whose speed is not known yet counts as an average one.
 * @param unitSeconds what one micro-batch takes, in any order; undefined = not known
 */
export function sharesOf(
  unitSeconds: readonly (number | undefined)[],
  { leastShare, mostShare }: Pick<PaceSettings, 'leastShare' | 'mostShare'>,
): number[] {
  const speeds = unitSeconds.map((seconds) => (isKnown(seconds) ? 1 / seconds : undefined));
  const known = speeds.filter((speed) => speed !== undefined);
  const mean = known.reduce((sum, speed) => sum + speed, 0) / Math.max(1, known.length);
  return speeds.map((speed) => {
    const share = speed === undefined ? 1 : Math.round((RESOLUTION * speed) / mean) / RESOLUTION;
    return Math.min(mostShare, Math.max(leastShare, share));
  });
}

/**
 * How much shorter the computing of a step gets with `next` in place of `current` shares, 0 = not at all, 0.5 = half. For
 * many micro-batches; few of them cannot be divided so finely. 0 while a speed is not known.
 */
export function gainOf(
  unitSeconds: readonly (number | undefined)[],
  current: readonly number[],
  next: readonly number[],
): number {
  if (!unitSeconds.every(isKnown)) return 0;
  return 1 - longest(unitSeconds, next) / longest(unitSeconds, current);
}

/** The slowest member's time, the whole step being one micro-batch. */
function longest(unitSeconds: readonly number[], shares: readonly number[]): number {
  const total = shares.reduce((sum, share) => sum + share, 0);
  return Math.max(...unitSeconds.map((seconds, at) => (seconds * (shares[at] ?? 1)) / total));
}

/** How many times longer than the median of the others the member takes; undefined while that is not known. */
export function slowness(unitSeconds: readonly (number | undefined)[], at: number): number | undefined {
  const own = unitSeconds[at];
  const others = unitSeconds
    .filter((_, other) => other !== at)
    .filter(isKnown)
    .sort((left, right) => left - right);
  // Of an even number the upper one: nobody is blamed for half of the others being fast.
  const median = others[Math.floor(others.length / 2)];
  return isKnown(own) && median !== undefined ? own / median : undefined;
}

function isKnown(seconds: number | undefined): seconds is number {
  return seconds !== undefined && seconds > 0 && Number.isFinite(seconds);
}
