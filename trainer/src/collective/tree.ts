/**
 * The canonical order of summation: a fixed binary tree over the unit index. A block is a node of that tree: the
 * units start .. start + size - 1. Blocks of a power of two stand at multiples of their size; at the right edge they
 * may be shorter. A block of more than one unit is the sum of its left child (the largest power of two of units that
 * is smaller than the block) and its right child, in this order, rounded to the format of the vector. The tree
 * depends on the number of units alone, so the sum does not depend on who adds what where.
 */
export interface Block {
  readonly start: number;
  /** Units in it, >= 1. */
  readonly size: number;
}

export function rootOf(count: number): Block {
  return { start: 0, size: count };
}

export function childrenOf(block: Block): readonly [Block, Block] {
  let left = 1;
  while (2 * left < block.size) left *= 2;
  return [
    { start: block.start, size: left },
    { start: block.start + left, size: block.size - left },
  ];
}

/** The block that `block` is a child of; undefined for the root. */
export function parentOf(block: Block, count: number): Block | undefined {
  for (let span = 1; span < 2 * count; span *= 2) {
    const start = Math.floor(block.start / span) * span;
    const size = Math.min(start + span, count) - start;
    if (size > block.size && start + size >= block.start + block.size) return { start, size };
  }
  return undefined;
}

/** Whether `block` is a node of the tree over `count` units. */
export function isBlock(block: Block, count: number): boolean {
  const { start, size } = block;
  if (!Number.isInteger(start) || !Number.isInteger(size)) return false;
  if (start < 0 || size < 1 || start + size > count) return false;
  let span = 1;
  while (span < size) span *= 2;
  return start % span === 0 && (size === span || start + size === count);
}

/** The fewest blocks that cover exactly the given units, in ascending order. */
export function coverUnits(units: Iterable<number>, count: number): Block[] {
  // present[i + 1] - present[j] = wanted units in j .. i
  const before = new Int32Array(count + 1);
  for (const unit of units) before[unit + 1] = 1;
  for (let at = 0; at < count; at++) before[at + 1] = (before[at + 1] ?? 0) + (before[at] ?? 0);
  const blocks: Block[] = [];
  const visit = (block: Block): void => {
    const wanted = (before[block.start + block.size] ?? 0) - (before[block.start] ?? 0);
    if (wanted === 0) return;
    if (wanted === block.size) blocks.push(block);
    else childrenOf(block).forEach(visit);
  };
  if (count > 0) visit(rootOf(count));
  return blocks;
}

export function unitsOf(blocks: Iterable<Block>): number[] {
  const units: number[] = [];
  for (const { start, size } of blocks) for (let unit = start; unit < start + size; unit++) units.push(unit);
  return units;
}

export function sameBlock(left: Block | undefined, right: Block | undefined): boolean {
  return left?.start === right?.start && left?.size === right?.size;
}

/** A block and its sum, or part of it. */
export interface Part<Value> {
  readonly block: Block;
  readonly value: Value;
}

/**
 * Adds up what can be added of parts that do not overlap, in any order: the fewest blocks that cover the same units,
 * ascending. `add(left, right, block)` returns left + right, the sum of `block`, and may reuse the storage of either.
 */
export function addSiblings<Value>(
  count: number,
  parts: readonly Part<Value>[],
  add: (left: Value, right: Value, block: Block) => Value,
): Part<Value>[] {
  const ordered = [...parts].sort((left, right) => left.block.start - right.block.start);
  const stack: Part<Value>[] = [];
  for (const part of ordered) {
    let top = part;
    for (;;) {
      const left = stack.at(-1);
      const parent = left === undefined ? undefined : parentOf(left.block, count);
      if (left === undefined || parent === undefined) break;
      if (!sameBlock(childrenOf(parent)[0], left.block) || !sameBlock(childrenOf(parent)[1], top.block))
        break;
      stack.pop();
      top = { block: parent, value: add(left.value, top.value, parent) };
    }
    stack.push(top);
  }
  return stack;
}

/** Finishes the tree over parts that cover all units once; see {@link addSiblings}. */
export function sumInOrder<Value>(
  count: number,
  parts: readonly Part<Value>[],
  add: (left: Value, right: Value, block: Block) => Value,
): Value {
  const [whole, ...rest] = addSiblings(count, parts, add);
  if (whole === undefined || rest.length > 0 || !sameBlock(whole.block, rootOf(count)))
    throw new Error(`the parts do not cover the ${count} units once`);
  return whole.value;
}
