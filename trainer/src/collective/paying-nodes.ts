/**
 * The nodes to sum within before summing across them, by rank; undefined = everybody straight with everybody. A member
 * of no known node stands alone. Pure, and of what all members are told alike: all have to choose the same.
 *
 * By node, a network card carries each sum once instead of once a worker, and a worker moves as many bytes as before.
 * So it pays as soon as the workers of a node together are faster than its card: in the simulation of 32 workers
 * (`bench:allreduce-simulated`) from 4 a node at 25 Gbit/s (1.14 times as fast; 8: 2.0 times) and from 2 a node at
 * 10 Gbit/s (1.35 times). What the card can do is not known here, and where it is the faster one, by node costs 4 % at
 * most: hence whenever two share a node.
 */
export function payingNodes(nodes: readonly string[]): readonly string[] | undefined {
  const named = nodes.map((node, rank) => (node === '' ? `\0${rank}` : node));
  const counts = new Map<string, number>();
  for (const node of named) counts.set(node, (counts.get(node) ?? 0) + 1);
  const largest = Math.max(...counts.values());
  return counts.size > 1 && largest > 1 ? named : undefined;
}
