import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { deal } from './deal.js';
import { apart, routesOf, type Route } from './routes.js';
import { addSiblings, childrenOf, rootOf, sameBlock, sumInOrder, type Block, type Part } from './tree.js';

/** Another order gives other bits. */
const valueOf = (unit: number): number => Math.fround(Math.sin(unit + 1) * 10 ** ((unit * 7) % 9));
const add = (left: number, right: number): number => Math.fround(left + right);

/** The definition. */
function sequential(block: Block): number {
  if (block.size === 1) return valueOf(block.start);
  const [left, right] = childrenOf(block);
  return add(sequential(left), sequential(right));
}

interface Outcome {
  /** By rank, then owner. */
  readonly results: readonly (readonly number[])[];
  /** Partial sums and results that travel from rank to rank. */
  readonly messages: readonly { readonly from: number; readonly to: number; readonly sums: number }[];
}

/** Carries a plan out, one value a segment: what each rank ends with. Throws where a plan asks for what nobody sends. */
function carryOut(count: number, blocks: readonly (readonly Block[])[], nodes: readonly string[]): Outcome {
  const plans = nodes.map((_, rank) => routesOf({ rank, nodes, blocks, count }));
  const messages: Outcome['messages'][number][] = [];
  const owned = (rank: number): Part<number>[] =>
    (blocks[rank] ?? []).map((block) => ({ block, value: sequential(block) }));
  const send = <Value>(from: number, to: number, sums: number, value: Value): Value => {
    if (from !== to) messages.push({ from, to, sums });
    return value;
  };
  const results = nodes.map(() => nodes.map(() => NaN));
  nodes.forEach((_, owner) => {
    const routeOf = (rank: number): Route => {
      const route = plans[rank]?.[owner];
      if (route === undefined) throw new Error('no route');
      return route;
    };
    const inbox = nodes.map((): Map<number, Part<number>[]> => new Map());
    nodes.forEach((__, rank) => {
      const to = routeOf(rank).partialsTo;
      inbox[to]?.set(rank, send(rank, to, owned(rank).length, owned(rank)));
    });
    const collect = (rank: number): Part<number>[] => {
      const { collects } = routeOf(rank);
      if (collects === undefined) throw new Error(`rank ${rank} is sent what it does not collect`);
      expect(new Set(inbox[rank]?.keys())).toEqual(new Set(collects.from.keys()));
      for (const [from, expected] of collects.from) {
        const sent = inbox[rank]?.get(from)?.map(({ block }) => block) ?? [];
        expect(
          sent.length === expected.length && sent.every((block, at) => sameBlock(block, expected[at])),
        ).toBe(true);
      }
      const sums = addSiblings(count, [...(inbox[rank]?.values() ?? [])].flat(), add);
      expect(sums.map(({ block }) => block)).toEqual(collects.makes);
      return sums;
    };
    nodes.forEach((__, rank) => {
      if (rank === owner || inbox[rank]?.size === 0) return;
      const sums = collect(rank);
      inbox[owner]?.set(rank, send(rank, owner, sums.length, sums));
    });
    const result = sumInOrder(count, collect(owner), add);
    const deliver = (rank: number): void => {
      const row = results[rank];
      if (row === undefined || !Number.isNaN(row[owner])) throw new Error('a result twice');
      row[owner] = result;
      for (const to of routeOf(rank).resultsTo) {
        expect(routeOf(to).resultFrom).toBe(rank);
        send(rank, to, 1, result);
        deliver(to);
      }
    };
    deliver(owner);
  });
  return { results, messages };
}

const placements = fc.record({
  count: fc.integer({ min: 1, max: 40 }),
  nodes: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 12 }),
  speeds: fc.array(fc.double({ min: 0.5, max: 2, noNaN: true }), { minLength: 12, maxLength: 12 }),
});

describe('routes', () => {
  it('give the bits of the flat sum and of the tree itself, for any members, nodes and units', () => {
    fc.assert(
      fc.property(placements, ({ count, nodes, speeds }) => {
        const nothing = nodes.map(() => []);
        const { blocks } = deal(count, nothing, speeds.slice(0, nodes.length));
        const expected = nodes.map(() => nodes.map(() => sequential(rootOf(count))));
        expect(carryOut(count, blocks, nodes).results).toEqual(expected);
        expect(carryOut(count, blocks, apart(nodes.length)).results).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('cross from node to node once per node, segment and sum, up and down', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 4 }), (places, each) => {
        const nodes = Array.from({ length: places * each }, (_, rank) => `${Math.floor(rank / each)}`);
        const size = nodes.length;
        const count = 16 * size;
        const { blocks } = deal(
          count,
          nodes.map(() => []),
        );
        const { messages } = carryOut(count, blocks, nodes);
        const across = messages.filter(({ from, to }) => nodes[from] !== nodes[to]);
        const results = size * (places - 1);
        expect(across.length).toBe(2 * results);
        // Every member relays as many segments as any other.
        const sent = nodes.map((_, rank) => across.filter(({ from }) => from === rank).length);
        expect(new Set(sent).size).toBe(1);
      }),
    );
  });
});
