import { coverUnits, unitsOf, type Block } from './tree.js';

/** Who computes what of one work; every member derives the same one. */
export interface Deal {
  /** By rank: what the member keeps of what it held. */
  readonly kept: readonly (readonly Block[])[];
  /** By rank: all units that the member sums, ascending; together every unit once. */
  readonly units: readonly (readonly number[])[];
  /** By rank: the partial sums that the member contributes, ascending. */
  readonly blocks: readonly (readonly Block[])[];
}

/** Above this many units the search for cuts along the tree costs more than it gains. */
const MAX_UNITS_TO_ALIGN = 512;

/**
 * Deals `count` units to members that hold blocks already (by rank; nothing held = empty lists). Nobody gets more than
 * its fair share unless it holds that much. A unit that two hold goes to the larger block, then to the lower rank.
 * @param speeds by rank: units that a member computes in the time of one unit of a member of speed 1, > 0; default 1.
 *   They change who computes what, never the sum.
 */
export function deal(
  count: number,
  held: readonly (readonly Block[])[],
  speeds: readonly number[] = held.map(() => 1),
): Deal {
  if (held.every((blocks) => blocks.length === 0)) {
    const nothing = speeds.map(() => 0);
    return describe(count, held, freshRanges(count, fairLimits(nothing, count, speeds)));
  }
  const kept = settleClaims(count, held);
  const units = kept.map((blocks) => unitsOf(blocks));
  const taken = new Set(units.flat());
  const left = Array.from({ length: count }, (_, unit) => unit).filter((unit) => !taken.has(unit));
  const limits = fairLimits(
    units.map((own) => own.length),
    left.length,
    speeds,
  );
  let next = 0;
  const dealt = units.map((own, rank) => {
    const more = left.slice(next, next + Math.max(0, (limits[rank] ?? 0) - own.length));
    next += more.length;
    return [...own, ...more].sort((first, second) => first - second);
  });
  return describe(count, kept, dealt);
}

function describe(count: number, kept: Deal['kept'], units: Deal['units']): Deal {
  return { kept, units, blocks: units.map((own) => coverUnits(own, count)) };
}

function settleClaims(count: number, held: readonly (readonly Block[])[]): Block[][] {
  const claims = held
    .flatMap((blocks, rank) => blocks.map((block) => ({ block, rank })))
    .sort(
      (left, right) =>
        right.block.size - left.block.size || left.rank - right.rank || left.block.start - right.block.start,
    );
  const taken = new Uint8Array(count);
  const kept: Block[][] = held.map(() => []);
  for (const { block, rank } of claims) {
    const { start, size } = block;
    if (taken.subarray(start, start + size).includes(1)) continue;
    taken.fill(1, start, start + size);
    kept[rank]?.push(block);
  }
  return kept.map((blocks) => blocks.sort((left, right) => left.start - right.start));
}

/**
 * By rank: how many units a member may come to, so that `left` more find a place and the slowest is done as early as
 * can be. Only multiplications and comparisons of numbers that all members have: the same everywhere.
 */
function fairLimits(loads: readonly number[], left: number, speeds: readonly number[]): number[] {
  const counts = [...loads];
  const doneAt = (rank: number, units: number): number => units / (speeds[rank] ?? 1);
  let end = 0;
  for (let unit = 0; unit < left; unit++) {
    let next = 0;
    for (let rank = 1; rank < counts.length; rank++)
      if (doneAt(rank, (counts[rank] ?? 0) + 1) < doneAt(next, (counts[next] ?? 0) + 1)) next = rank;
    counts[next] = (counts[next] ?? 0) + 1;
    end = Math.max(end, doneAt(next, counts[next] ?? 0));
  }
  return counts.map((count, rank) => {
    let limit = count;
    while (doneAt(rank, limit + 1) <= end) limit += 1;
    return limit;
  });
}

/** Contiguous ranges of at most `limits` units each, cut where they make the fewest blocks. */
function freshRanges(count: number, limits: readonly number[]): number[][] {
  const cuts = count > MAX_UNITS_TO_ALIGN ? plainCuts(count, limits) : alignedCuts(count, limits);
  return limits.map((_, rank) => {
    const [start = 0, end = 0] = [cuts[rank], cuts[rank + 1]];
    return Array.from({ length: end - start }, (__, at) => start + at);
  });
}

/** Cuts in proportion to the limits. */
function plainCuts(count: number, limits: readonly number[]): number[] {
  const total = limits.reduce((sum, limit) => sum + limit, 0);
  let before = 0;
  return [0, ...limits.map((limit) => Math.floor(((before += limit) * count) / total))];
}

function alignedCuts(count: number, limits: readonly number[]): number[] {
  const size = limits.length;
  const blocksIn = blockCounter(count);
  // fewest[rank][end]: blocks of the best deal of units 0 .. end - 1 to the first `rank` members
  const fewest: number[][] = [[0, ...Array.from({ length: count }, () => Infinity)]];
  const cutBefore: number[][] = [];
  for (let rank = 0; rank < size; rank++) {
    const best = Array.from({ length: count + 1 }, () => Infinity);
    const cut = Array.from({ length: count + 1 }, () => 0);
    for (let end = 0; end <= count; end++) {
      for (let start = Math.max(0, end - (limits[rank] ?? 0)); start <= end; start++) {
        const total = (fewest[rank]?.[start] ?? Infinity) + blocksIn(start, end);
        if (total < (best[end] ?? Infinity)) {
          best[end] = total;
          cut[end] = start;
        }
      }
    }
    fewest.push(best);
    cutBefore.push(cut);
  }
  const cuts = [count];
  for (let rank = size - 1; rank >= 0; rank--) cuts.unshift(cutBefore[rank]?.[cuts[0] ?? 0] ?? 0);
  return cuts;
}

/** Number of blocks that cover start .. end - 1. */
function blockCounter(count: number): (start: number, end: number) => number {
  return (start, end) => {
    let blocks = 0;
    for (let at = start; at < end; blocks++) at += largestBlockAt(at, end, count);
    return blocks;
  };
}

/** Units of the largest block that begins at `start` and ends at or before `end`. */
function largestBlockAt(start: number, end: number, count: number): number {
  for (let span = 1; ; span *= 2) {
    const next = 2 * span;
    const fits = start + next <= end || (end === count && start + span < count);
    if (start % next !== 0 || !fits) return Math.min(span, end - start);
  }
}
