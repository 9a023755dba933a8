import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  childrenOf,
  coverUnits,
  isBlock,
  parentOf,
  rootOf,
  sumInOrder,
  unitsOf,
  type Block,
} from './tree.js';

function allBlocks(block: Block): Block[] {
  return block.size === 1 ? [block] : [block, ...childrenOf(block).flatMap(allBlocks)];
}

describe('the canonical tree', () => {
  it('has the nodes that isBlock says, each the parent of its children', () => {
    for (let count = 1; count <= 40; count++) {
      const nodes = allBlocks(rootOf(count));
      const keys = new Set(nodes.map((block) => `${block.start}+${block.size}`));
      expect(nodes.length).toBe(2 * count - 1);
      for (let start = -1; start <= count; start++)
        for (let size = 0; size <= count + 1; size++)
          expect(isBlock({ start, size }, count)).toBe(keys.has(`${start}+${size}`));
      for (const node of nodes)
        if (node.size > 1) for (const child of childrenOf(node)) expect(parentOf(child, count)).toEqual(node);
      expect(parentOf(rootOf(count), count)).toBeUndefined();
    }
  });

  it('covers any units exactly, with the fewest blocks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.infiniteStream(fc.boolean()), (count, wanted) => {
        const units = Array.from({ length: count }, (_, unit) => unit).filter(() => wanted.next().value);
        const blocks = coverUnits(units, count);
        expect(unitsOf(blocks)).toEqual(units);
        for (const block of blocks) {
          expect(isBlock(block, count)).toBe(true);
          const parent = parentOf(block, count);
          if (parent !== undefined)
            expect(unitsOf([parent]).every((unit) => units.includes(unit))).toBe(false);
        }
      }),
    );
  });

  it('adds as its definition says, whatever the parts', () => {
    const spell = (block: Block): string =>
      block.size === 1 ? `${block.start}` : `(${childrenOf(block).map(spell).join('+')})`;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.nat(5), { minLength: 40, maxLength: 40 }),
        fc.integer({ min: 1, max: 6 }),
        (count, owners, size) => {
          const parts = Array.from({ length: size }, (_, owner) =>
            coverUnits(
              owners.flatMap((given, unit) => (unit < count && given % size === owner ? [unit] : [])),
              count,
            ),
          )
            .flat()
            .map((block) => ({ block, value: spell(block) }));
          expect(sumInOrder(count, parts, (left, right) => `(${left}+${right})`)).toBe(spell(rootOf(count)));
        },
      ),
    );
    expect(() => sumInOrder(4, [{ block: { start: 0, size: 2 }, value: 0 }], () => 0)).toThrow(
      'do not cover',
    );
  });
});
