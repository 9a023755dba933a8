/** One unit that two members compute, so that neither has to be believed. */
export interface Check {
  readonly unit: number;
  /** Rank whose share the unit belongs to. */
  readonly owner: number;
  /** Rank that computes it as well. */
  readonly checker: number;
}

/** Unit -> digest of what a member computed for it. */
export type Digests = ReadonlyMap<number, string>;

/**
 * Who checks whom in the `turn`-th verification (0, 1, ...); every member derives the same. Each member checks one
 * other that has a share; where all have one, each is checked by one. From turn to turn the pairs rotate through all
 * peers, and then the units of the owner's share. A lone member has nobody to be checked by.
 * @param units by rank: all units of the member, ascending
 */
export function checksOf(units: readonly (readonly number[])[], turn: number): Check[] {
  const size = units.length;
  return units.flatMap((_, checker) => {
    const others = units
      .map((__, away) => (checker + away) % size)
      .filter((rank) => rank !== checker && (units[rank]?.length ?? 0) > 0);
    const owner = others[turn % others.length] ?? checker;
    const own = units[owner] ?? [];
    const unit = own[Math.floor(turn / others.length) % own.length];
    return owner === checker || unit === undefined ? [] : [{ unit, owner, checker }];
  });
}

/** Units of which owner and checker came to different bits, ascending. */
export function disputedUnits(checks: readonly Check[], first: readonly Digests[]): number[] {
  const disputed = checks.filter(
    ({ unit, owner, checker }) => first[owner]?.get(unit) !== first[checker]?.get(unit),
  );
  return [...new Set(disputed.map(({ unit }) => unit))].sort((left, right) => left - right);
}

/**
 * Ranks that computed wrong bits of a disputed unit, ascending, never empty. All members have computed the unit `again`:
 * - what more than half of them come to is right, and whoever came to something else, then or before, is wrong;
 * - without such a majority (always so between two who each insist) the one of the pair that contradicts itself is wrong;
 * - where even that does not tell, nobody knows: both of the pair are taken for wrong, and the step waits for others.
 */
export function wrongRanks(
  unit: number,
  checks: readonly Check[],
  first: readonly Digests[],
  again: readonly Digests[],
): number[] {
  const right = majority(again.map((digests) => digests.get(unit)));
  if (right !== undefined) {
    const differs = (digests: Digests | undefined): boolean => (digests?.get(unit) ?? right) !== right;
    return again.flatMap((digests, rank) => (differs(digests) || differs(first[rank]) ? [rank] : []));
  }
  const pair = checks
    .filter((check) => check.unit === unit)
    .flatMap(({ owner, checker }) => [owner, checker])
    .sort((one, other) => one - other);
  const fickle = pair.filter((rank) => first[rank]?.get(unit) !== again[rank]?.get(unit));
  return fickle.length === 1 ? fickle : pair;
}

function majority(votes: readonly (string | undefined)[]): string | undefined {
  return votes.find(
    (vote) => vote !== undefined && 2 * votes.filter((other) => other === vote).length > votes.length,
  );
}
