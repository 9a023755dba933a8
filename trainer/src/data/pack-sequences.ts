/**
 * Groups examples into sequences of at most `maxLength` tokens: longest first, each into the fullest sequence that
 * still has room (best-fit decreasing); equally long examples go in the given order. How many sequences there are, and
 * how full, follows from the lengths alone.
 *
 * @returns for each sequence the indices of its examples
 */
export function packSequences(lengths: readonly number[], maxLength: number): number[][] {
  const order = lengths.map((_, index) => index).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  // Open sequences by the room they have left.
  const byRoom: number[][] = Array.from({ length: maxLength + 1 }, () => []);
  const sequences: number[][] = [];
  for (const example of order) {
    const length = lengths[example]!;
    let room = length;
    while (room <= maxLength && byRoom[room]!.length === 0) room++;
    const sequence = room <= maxLength ? byRoom[room]!.pop()! : sequences.push([]) - 1;
    const left = (room <= maxLength ? room : maxLength) - length;
    sequences[sequence]!.push(example);
    if (left > 0) byRoom[left]!.push(sequence);
  }
  return sequences;
}
