import { describe, expect, it } from 'vitest';
import { recordEvaluation } from './early-stopping.js';
import { recordTrainLoss, watchForRisingLoss } from './rising-loss.js';
import { INITIAL_RUN_STATE } from './run-state.js';

/** Ten steps of each training loss, each stretch closed by an evaluation; the warnings. */
function warnings(stretches: readonly { train: number; validation: number }[]): string[] {
  const said: string[] = [];
  let run = INITIAL_RUN_STATE;
  for (const { train, validation } of stretches) {
    for (let i = 0; i < 10; i++) run = recordTrainLoss({ ...run, step: run.step + 1 }, train + i / 100);
    const watched = watchForRisingLoss(run, validation);
    if (watched.warning !== undefined) said.push(watched.warning);
    run = recordEvaluation(watched.run, validation, undefined);
  }
  return said;
}

describe('validation loss that rises while training loss falls', () => {
  it('is told with the step and the figures, once', () => {
    const said = warnings([
      { train: 2, validation: 2.1 },
      { train: 1.5, validation: 1.9 },
      { train: 1, validation: 2 },
      { train: 0.5, validation: 2.2 },
    ]);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /^step 30: validation loss rose from 1.9000 to 2.0000 .* fell from 1.5450 to 1.0450/,
    );
  });

  it('is told again after a new low', () => {
    const losses = [2, 2.2, 1.5, 1.8];
    expect(warnings(losses.map((validation, i) => ({ train: 4 - i, validation })))).toHaveLength(2);
  });

  it('is nothing to tell when both rise, or both fall', () => {
    expect(warnings([1, 2, 3].map((loss) => ({ train: loss, validation: loss })))).toEqual([]);
    expect(warnings([3, 2, 1].map((loss) => ({ train: loss, validation: loss })))).toEqual([]);
  });

  it('does not trip over a loss that is not a number', () => {
    const run = recordTrainLoss(recordTrainLoss(INITIAL_RUN_STATE, 2), Number.NaN);
    expect(run).toMatchObject({ trainLossSum: 2, trainLossSteps: 1 });
  });
});
