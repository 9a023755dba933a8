import { coverUnits, rootOf, unitsOf, type Block } from './tree.js';

/**
 * What one member does for the sum of one segment of the vector. Partial sums go up: on each node one member, the
 * relay, adds up what its neighbours have and sends the owner of the segment the sums of the node. The result comes
 * down: from the owner to its neighbours and to the relays, and from these to theirs. Only complete subtrees are
 * added, so the bits are those of the flat sum, where every member is alone on its node.
 */
export interface Route {
  /** The rank that finishes the sum of the segment. */
  readonly owner: number;
  /**
   * The rank that takes this member's own partial sums: the relay of its node, which keeps its own, or the owner where the
   * member is alone on its node.
   */
  readonly partialsTo: number;
  /** What this member adds up; absent = it only sends. */
  readonly collects?: {
    /** By rank: the blocks that come from there, its own among them. */
    readonly from: ReadonlyMap<number, readonly Block[]>;
    /** What they add up to, ascending: the whole tree at the owner, else the sums of the node, sent to the owner. */
    readonly makes: readonly Block[];
  };
  /** The rank that sends the result; this one itself = the owner. */
  readonly resultFrom: number;
  /** The ranks that this member sends the result to. */
  readonly resultsTo: readonly number[];
}

export interface RouteOptions {
  readonly rank: number;
  /** By rank: the name of the node; members of one name are near each other. */
  readonly nodes: readonly string[];
  /** By rank: the partial sums that the member contributes; together every unit once. */
  readonly blocks: readonly (readonly Block[])[];
  /** Units of the work. */
  readonly count: number;
}

/** Every member alone: all send to the owners, and the owners to all. */
export function apart(size: number): string[] {
  return Array.from({ length: size }, (_, rank) => `${rank}`);
}

/** By owner of a segment: what the member does for it. Each member derives its own part of one plan. */
export function routesOf({ rank, nodes, blocks, count }: RouteOptions): Route[] {
  const layout = new Layout(nodes);
  const sumsOf = new Map<string, readonly Block[]>();
  const nodeSums = (node: string): readonly Block[] => {
    const known =
      sumsOf.get(node) ??
      coverUnits(unitsOf(layout.membersOf(node).flatMap((of) => blocks[of] ?? [])), count);
    sumsOf.set(node, known);
    return known;
  };
  const ownNode = layout.nodeOf(rank);
  const neighbours = layout.membersOf(ownNode);
  return nodes.map((node, owner) => {
    if (owner !== rank && neighbours.length === 1)
      return { owner, partialsTo: owner, resultFrom: owner, resultsTo: [] };
    const relay = layout.relayFor(ownNode, owner);
    const base = { owner, partialsTo: relay };
    if (relay !== rank) return { ...base, resultFrom: relay, resultsTo: [] };
    const from = new Map(neighbours.map((neighbour) => [neighbour, blocks[neighbour] ?? []]));
    const others = layout.startingAfter(rank, neighbours);
    if (owner !== rank)
      return {
        ...base,
        collects: { from, makes: nodeSums(ownNode) },
        resultFrom: owner,
        resultsTo: others,
      };
    const relays = layout.names
      .filter((name) => name !== node)
      .map((name) => [layout.relayFor(name, owner), nodeSums(name)] as const);
    for (const [of, sums] of relays) from.set(of, sums);
    // Far ones first: they have it to pass on.
    const far = layout.startingAfter(
      rank,
      relays.map(([of]) => of),
    );
    return {
      ...base,
      collects: { from, makes: [rootOf(count)] },
      resultFrom: owner,
      resultsTo: [...far, ...others],
    };
  });
}

/** Who is where. */
class Layout {
  readonly #members = new Map<string, number[]>();

  constructor(private readonly nodes: readonly string[]) {
    nodes.forEach((node, rank) => this.#members.set(node, [...this.membersOf(node), rank]));
  }

  get names(): string[] {
    return [...this.#members.keys()];
  }

  nodeOf(rank: number): string {
    return this.nodes[rank] ?? '';
  }

  /** Ascending. */
  membersOf(node: string): readonly number[] {
    return this.#members.get(node) ?? [];
  }

  /** Who on the node handles the segment of `owner`: the owner itself, or the strangers' segments dealt out in turn. */
  relayFor(node: string, owner: number): number {
    const members = this.membersOf(node);
    if (this.nodes[owner] === node) return owner;
    const before = members.filter((member) => member < owner).length;
    return members[(owner - before) % members.length] ?? owner;
  }

  /** The others in turn, beginning after `rank`, so that not all send to the same one first. */
  startingAfter(rank: number, ranks: readonly number[]): number[] {
    const away = (other: number): number => (other - rank + this.nodes.length) % this.nodes.length;
    return ranks.filter((other) => other !== rank).sort((left, right) => away(left) - away(right));
  }
}
