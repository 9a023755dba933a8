/**
 * Exact two-sided sign test of paired results: how probable a split at least as uneven is when neither side is better.
 * On right and wrong answers it is McNemar's exact test, with the rows that only one side answers right. Ties say nothing.
 *
 * @param wins pairs in which the one side is better
 * @param losses pairs in which the other is
 */
export function signTest(wins: number, losses: number): number {
  const n = wins + losses;
  let probability = 2 ** -n;
  let tail = 0;
  for (let k = 0; k <= Math.min(wins, losses); k++) {
    tail += probability;
    probability *= (n - k) / (k + 1);
  }
  return Math.min(1, 2 * tail);
}
