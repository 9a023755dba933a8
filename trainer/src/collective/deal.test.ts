import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { deal } from './deal.js';
import { coverUnits, type Block } from './tree.js';

const none = (size: number): Block[][] => Array.from({ length: size }, () => []);

describe('the deal', () => {
  it('gives contiguous ranges of at most the fair share, cut along the tree', () => {
    for (let count = 1; count <= 40; count++)
      for (let size = 1; size <= 8; size++) {
        const { units } = deal(count, none(size));
        expect(units.flat()).toEqual(Array.from({ length: count }, (_, unit) => unit));
        for (const own of units) expect(own.length).toBeLessThanOrEqual(Math.ceil(count / size));
      }
    expect(deal(16, none(4)).blocks.map((blocks) => blocks.length)).toEqual([1, 1, 1, 1]);
    expect(deal(16, none(3)).blocks.flat()).toHaveLength(5);
    expect(deal(5000, none(3)).units.flat()).toHaveLength(5000);
  });

  it('computes only what nobody holds again', () => {
    const before = deal(16, none(4));
    const survivors = [0, 1, 3].map((rank) => [...(before.blocks[rank] ?? [])]);
    const after = deal(16, survivors);
    const again = after.units.flatMap((own, rank) =>
      own.filter(
        (unit) => !survivors[rank]?.some((block) => unit >= block.start && unit < block.start + block.size),
      ),
    );
    expect(again.sort((left, right) => left - right)).toEqual(before.units[2]);
    expect(Math.max(...after.units.map((own) => own.length))).toBe(6);
  });

  it('deals every unit once, for any claims, also contradicting ones', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.array(fc.nat(59), { maxLength: 40 }), { minLength: 1, maxLength: 8 }),
        (count, claims) => {
          const held = claims.map((units) =>
            coverUnits(
              units.filter((unit) => unit < count),
              count,
            ),
          );
          const { units, kept, blocks } = deal(count, held);
          expect(units.flat().sort((left, right) => left - right)).toEqual(
            Array.from({ length: count }, (_, unit) => unit),
          );
          kept.forEach((own, rank) => own.forEach((block) => expect(held[rank]).toContainEqual(block)));
          units.forEach((own, rank) => expect(coverUnits(own, count)).toEqual(blocks[rank]));
        },
      ),
    );
  });

  it('gives faster members more, so that all are done at about the same time', () => {
    const speeds = [1, 1, 1, 0.5];
    const { units } = deal(35, none(4), speeds);
    expect(units.map((own) => own.length)).toEqual([10, 10, 10, 5]);
    expect(deal(1400, none(4), speeds).units.map((own) => own.length)).toEqual([400, 400, 400, 200]);
    const slow = units.slice(0, 3).map((own) => coverUnits(own.slice(0, 2), 35));
    const after = deal(35, [...slow, []], speeds).units.map((own) => own.length);
    expect(after.at(-1)).toBe(5);
  });

  it('ends as early as whole units allow, for any speeds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.double({ min: 0.5, max: 2, noNaN: true }), { minLength: 1, maxLength: 8 }),
        (count, speeds) => {
          const { units } = deal(count, none(speeds.length), speeds);
          expect(units.flat()).toEqual(Array.from({ length: count }, (_, unit) => unit));
          const end = Math.max(...units.map((own, rank) => own.length / (speeds[rank] ?? 1)));
          // One unit fewer on everybody who would be that late leaves too little room.
          const room = speeds.reduce((sum, speed) => sum + Math.ceil(end * speed * (1 - 1e-9)) - 1, 0);
          expect(room).toBeLessThan(count);
        },
      ),
    );
  });
});
