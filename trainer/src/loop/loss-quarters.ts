/** Sums of the training loss and their steps, for each quarter of the planned steps. */
export interface LossQuarter {
  readonly sum: number;
  readonly steps: number;
}

export const NO_LOSSES: readonly LossQuarter[] = Array.from({ length: 4 }, () => ({ sum: 0, steps: 0 }));

/** The sums after step `step` (1-based) of `totalSteps`; a loss that is not finite says nothing. */
export function addToQuarters(
  quarters: readonly LossQuarter[],
  { step, totalSteps, loss }: { readonly step: number; readonly totalSteps: number; readonly loss: number },
): readonly LossQuarter[] {
  if (!Number.isFinite(loss)) return quarters;
  const own = Math.min(3, Math.floor((4 * (step - 1)) / Math.max(1, totalSteps)));
  return quarters.map((quarter, index) =>
    index === own ? { sum: quarter.sum + loss, steps: quarter.steps + 1 } : quarter,
  );
}

/** Mean losses up to the first quarter that has none. */
export function quarterMeans(quarters: readonly LossQuarter[]): readonly number[] {
  const end = quarters.findIndex(({ steps }) => steps === 0);
  return quarters.slice(0, end < 0 ? quarters.length : end).map(({ sum, steps }) => sum / steps);
}
