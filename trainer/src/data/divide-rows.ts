import type { SplitConfig } from '@tuneyard/proto';
import { splitByContent, splitPosition, type SplitName } from './split-by-content.js';

/** What decides the split of a row. */
export interface DividableRow {
  /** Fingerprint of its words. */
  readonly digest: string;
  /** What its near-duplicates share. */
  readonly group: number;
  /** The split that its source declares. */
  readonly declared: SplitName | undefined;
}

/** A held-out row that nearly repeats a training row, by position in the list of rows. */
export interface Leak {
  readonly heldOut: number;
  readonly train: number;
}

export interface Division {
  /** The split of each row. */
  readonly splits: readonly SplitName[];
  /** Possible only where sources declare their splits; divided rows never leak. */
  readonly leaks: readonly Leak[];
}

/**
 * Groups larger than this, and than a fiftieth of the rows, are rows that share a long form and not copies of one
 * another; they are divided one by one.
 */
const LARGEST_GROUP = 32;

/** Divides rows by content, keeping near-duplicates together: a group goes where its first row goes. */
export function divideRows(rows: readonly DividableRow[], config: SplitConfig): Division {
  const groups = new Map<number, number[]>();
  for (const [position, { group: name }] of rows.entries()) {
    const group = groups.get(name);
    if (group) group.push(position);
    else groups.set(name, [position]);
  }
  const splits: SplitName[] = Array.from({ length: rows.length }, () => 'train');
  const leaks: Leak[] = [];
  const moved = rowsForEmptySplits(rows, config);
  const limit = Math.max(LARGEST_GROUP, rows.length / 50);
  for (const group of groups.values()) {
    const together = group.length <= limit;
    const declared = group.map((position) => rows[position]!.declared).find((split) => split !== undefined);
    const first = rows[group[0]!]!;
    for (const position of group) {
      const row = rows[position]!;
      const leading = together ? (declared ?? splitByContent(first.digest, config)) : undefined;
      splits[position] =
        row.declared ?? moved.get(row.group) ?? leading ?? splitByContent(row.digest, config);
    }
    const train = group.find((position) => splits[position] === 'train');
    if (train === undefined || !together) continue;
    for (const heldOut of group) if (splits[heldOut] !== 'train') leaks.push({ heldOut, train });
  }
  return { splits, leaks };
}

/** From this many rows on, a split with a share is not left empty. */
const LEAST_ROWS = 10;

/**
 * Of few rows, chance may leave a split without any, and then nothing could be said of the result. It gets one group of
 * near-duplicates, the one that is nearest to it by hash: still a function of the words alone.
 */
function rowsForEmptySplits(
  rows: readonly DividableRow[],
  config: SplitConfig,
): ReadonlyMap<number, SplitName> {
  const moved = new Map<number, SplitName>();
  const divided = rows.filter(({ declared }) => declared === undefined);
  if (divided.length < LEAST_ROWS || divided.length > LEAST_ROWS * 100) return moved;
  const present = new Set<SplitName>(rows.flatMap(({ declared }) => declared ?? []));
  const tied = new Set(rows.flatMap(({ declared, group }) => (declared === undefined ? [] : [group])));
  const sizes = new Map<number, number>();
  for (const { group } of divided) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const trained = new Map<number, string>();
  for (const { digest, group } of divided) {
    const split = splitByContent(digest, config);
    present.add(split);
    const isSmall = (sizes.get(group) ?? 0) <= divided.length / LEAST_ROWS;
    if (split === 'train' && isSmall && !tied.has(group) && !trained.has(group)) trained.set(group, digest);
  }
  for (const split of ['test', 'validation'] as const) {
    if (!(config[split] > 0) || present.has(split) || trained.size < 2) continue;
    const nearest = [...trained].reduce((best, one) =>
      splitPosition(one[1], config) > splitPosition(best[1], config) ? one : best,
    );
    trained.delete(nearest[0]);
    moved.set(nearest[0], split);
  }
  return moved;
}
