/**
 * The nodes to sum within before summing across them, by rank; undefined = everybody straight with everybody. A member
 * of no known node stands alone. Pure, and of what all members are told alike: all have to choose the same.
 */
export function payingNodes(nodes: readonly string[]): readonly string[] | undefined {
  const named = nodes.map((node, rank) => (node === '' ? `\0${rank}` : node));
  const counts = new Map<string, number>();
  for (const node of named) counts.set(node, (counts.get(node) ?? 0) + 1);
  const largest = Math.max(...counts.values());
  return counts.size > 1 && largest > 1 ? named : undefined;
}
