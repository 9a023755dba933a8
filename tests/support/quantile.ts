/** The value below which `part` (0..1) of the numbers lie; undefined when there are none. */
export function quantile(numbers: readonly number[], part: number): number | undefined {
  const sorted = [...numbers].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

/** NaN when there are none. */
export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5) ?? NaN;
