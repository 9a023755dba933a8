import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { deal } from './deal.js';
import { checksOf, disputedUnits, wrongRanks, type Check, type Digests } from './verification.js';

const unitsOf = (count: number, size: number): readonly (readonly number[])[] =>
  deal(
    count,
    Array.from({ length: size }, () => []),
  ).units;

describe('who checks whom', () => {
  it('gives every member one unit of another, and rotates through all pairs and all units', () => {
    for (let size = 2; size <= 6; size++) {
      const units = unitsOf(16, size);
      const pairs = new Set<string>();
      const checked = new Set<number>();
      const owners = units.filter((own) => own.length > 0).length;
      for (let turn = 0; turn < size * 16; turn++) {
        const checks = checksOf(units, turn);
        expect(checks.map(({ checker }) => checker)).toEqual(units.map((_, rank) => rank));
        for (const { unit, owner, checker } of checks) {
          expect(owner).not.toBe(checker);
          expect(units[owner]).toContain(unit);
          pairs.add(`${owner} ${checker}`);
          checked.add(unit);
        }
      }
      expect(pairs.size).toBe(owners * (size - 1));
      expect(checked.size).toBe(16);
    }
  });

  it('leaves a lone member, and members without a share, unchecked', () => {
    expect(checksOf([[0, 1, 2]], 4)).toEqual([]);
    expect(checksOf([[0], []], 0)).toEqual([{ unit: 0, owner: 0, checker: 1 }]);
  });
});

/** What the members come to when some of them are flawed: always, or only the first time. */
function results(
  checks: readonly Check[],
  size: number,
  flaws: ReadonlyMap<number, 'persistent' | 'passing'>,
) {
  const digest = (rank: number, unit: number, isFirst: boolean): string => {
    const kind = flaws.get(rank);
    return kind === 'persistent' || (kind === 'passing' && isFirst) ? `bad ${rank}` : `good ${unit}`;
  };
  const first: Digests[] = Array.from({ length: size }, (_, rank) => {
    const mine = checks.filter(({ owner, checker }) => owner === rank || checker === rank);
    return new Map(mine.map(({ unit }) => [unit, digest(rank, unit, true)] as const));
  });
  const disputed = disputedUnits(checks, first);
  const again: Digests[] = Array.from(
    { length: size },
    (_, rank) => new Map(disputed.map((unit) => [unit, digest(rank, unit, false)] as const)),
  );
  return { first, disputed, again };
}

describe('the verdict', () => {
  it('disputes nothing among sound members', () => {
    const checks = checksOf(unitsOf(16, 4), 3);
    expect(results(checks, 4, new Map()).disputed).toEqual([]);
  });

  it('names exactly the flawed member, of three or more of whatever kind, of two when it contradicts itself', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 7 }),
        fc.integer({ min: 7, max: 40 }),
        fc.nat(1000),
        fc.nat(6),
        fc.constantFrom('persistent' as const, 'passing' as const),
        (size, count, turn, pick, kind) => {
          fc.pre(size > 2 || kind === 'passing');
          const rank = pick % size;
          const units = unitsOf(count, size);
          fc.pre(units.every((own) => own.length > 0));
          const checks = checksOf(units, turn);
          const { first, disputed, again } = results(checks, size, new Map([[rank, kind]]));
          expect(disputed.length).toBeGreaterThan(0);
          for (const unit of disputed) expect(wrongRanks(unit, checks, first, again)).toEqual([rank]);
        },
      ),
    );
  });

  it('names all flawed members while the sound ones are more than half', () => {
    const checks = checksOf(unitsOf(20, 5), 0);
    const flaws = new Map([
      [1, 'persistent' as const],
      [2, 'persistent' as const],
    ]);
    const { first, disputed, again } = results(checks, 5, flaws);
    for (const unit of disputed) expect(wrongRanks(unit, checks, first, again)).toEqual([1, 2]);
  });

  it('believes neither of two who each insist', () => {
    const checks = checksOf(unitsOf(8, 2), 0);
    const { first, disputed, again } = results(checks, 2, new Map([[1, 'persistent']]));
    for (const unit of disputed) expect(wrongRanks(unit, checks, first, again)).toEqual([0, 1]);
  });
});
