import {
  apart,
  chunksOf,
  deal,
  HEADER_BYTES,
  routesOf,
  segmentsOf,
  type Route,
} from '@tuneyard/trainer/collective';

import { ModelledNetwork, type NetworkShape } from './modelled-network.js';

const ELEMENT_BYTES = 4;
const SCALAR_BYTES = 16;

export interface SimulatedWork {
  /** f32 elements. */
  readonly elements: number;
  /** Micro-batches; they are dealt as the product deals them. */
  readonly count: number;
}

export interface SimulatedTime {
  readonly seconds: number;
  /** Bytes that left each node. */
  readonly bytesFromNode: readonly number[];
}

/**
 * The all-reduce over a modelled network: who sends which sums of which chunk to whom is what the product's own deal,
 * segments and routes say. All are ready at 0; adding takes no time. Throws when a member never completes.
 */
export function simulateReduce(
  shape: NetworkShape,
  { elements, count }: SimulatedWork,
  way: 'flat' | 'by node',
): SimulatedTime {
  const network = new ModelledNetwork(shape);
  const size = shape.nodeOf.length;
  const ranks = shape.nodeOf.map((_, rank) => rank);
  const nodes = way === 'flat' ? apart(size) : shape.nodeOf.map(String);
  const { blocks } = deal(
    count,
    ranks.map(() => []),
  );
  const plans = ranks.map((rank) => routesOf({ rank, nodes, blocks, count }));
  const segments = segmentsOf(elements, size);
  const routeOf = (rank: number, owner: number): Route => {
    const route = plans[rank]?.[owner];
    if (route === undefined) throw new Error('a plan has a route to every owner');
    return route;
  };
  const left = ranks.map(() => segments.flatMap(chunksOf).length + size - 1);
  const finish = (rank: number): void => void (left[rank] = (left[rank] ?? 0) - 1);
  const deliver = (rank: number, owner: number, bytes: number): void => {
    finish(rank);
    for (const to of routeOf(rank, owner).resultsTo)
      network.send(rank, to, bytes, () => deliver(to, owner, bytes));
  };

  for (const rank of ranks)
    for (let away = 1; away < size; away++) {
      const to = (rank + away) % size;
      network.send(rank, to, HEADER_BYTES + SCALAR_BYTES * (blocks[rank]?.length ?? 0), () => finish(to));
    }
  const missing = new Map<string, number>();
  const contribute = (rank: number, owner: number, chunk: number, bytes: number, sums: number): void => {
    const { collects } = routeOf(rank, owner);
    const key = `${rank} ${owner} ${chunk}`;
    const expected = [...(collects?.from.values() ?? [])].reduce((sum, of) => sum + of.length, 0);
    const now = (missing.get(key) ?? expected) - sums;
    missing.set(key, now);
    if (now > 0) return;
    if (rank === owner) return deliver(rank, owner, bytes);
    for (const _ of collects?.makes ?? [])
      network.send(rank, owner, bytes, () => contribute(owner, owner, chunk, bytes, 1));
  };
  for (const rank of ranks)
    for (let away = 0; away < size; away++) {
      const owner = (rank + away) % size;
      const to = routeOf(rank, owner).partialsTo;
      for (const { start, end } of chunksOf(segments[owner] ?? { start: 0, end: 0 })) {
        const bytes = HEADER_BYTES + ELEMENT_BYTES * (end - start);
        const sums = blocks[rank]?.length ?? 0;
        if (to === rank) contribute(rank, owner, start, bytes, sums);
        else
          for (let sum = 0; sum < sums; sum++)
            network.send(rank, to, bytes, () => contribute(to, owner, start, bytes, 1));
      }
    }
  const seconds = network.run();
  if (left.some((chunks) => chunks !== 0)) throw new Error(`a member is not done: ${left.join(' ')}`);
  return { seconds, bytesFromNode: network.bytesFromNode };
}

/** The plain ring through the ranks in order, chunk by chunk. */
export function simulateRing(shape: NetworkShape, elements: number): SimulatedTime {
  const network = new ModelledNetwork(shape);
  const size = shape.nodeOf.length;
  const pass = (from: number, bytes: number, hops: number): void => {
    const to = (from + 1) % size;
    if (hops > 0) network.send(from, to, bytes, () => pass(to, bytes, hops - 1));
  };
  segmentsOf(elements, size).forEach((segment, rank) => {
    for (const { start, end } of chunksOf(segment))
      pass(rank, HEADER_BYTES + ELEMENT_BYTES * (end - start), 2 * (size - 1));
  });
  return { seconds: network.run(), bytesFromNode: network.bytesFromNode };
}

/**
 * No all-reduce of so many bytes can be faster (latencies aside): among n parties, 2(n - 1) times the vector is sent in
 * all, and each of several sends and receives it at least once; of the workers and of the nodes.
 */
export function boundSeconds(shape: NetworkShape, bytes: number): number {
  const workers = shape.nodeOf.map(() => shape.workerBytesPerSecond);
  return Math.max(...[workers, shape.nodeBytesPerSecond].map((rates) => leastSeconds(rates, bytes)));
}

function leastSeconds(rates: readonly number[], bytes: number): number {
  if (rates.length < 2) return 0;
  const all = rates.reduce((sum, rate) => sum + rate, 0);
  return Math.max((2 * bytes * (rates.length - 1)) / all, bytes / Math.min(...rates));
}
