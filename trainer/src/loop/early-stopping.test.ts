import { describe, expect, it } from 'vitest';
import { recordEvaluation } from './early-stopping.js';
import { INITIAL_RUN_STATE, type RunState } from './run-state.js';

function after(losses: readonly number[], config: { patience: number; minDelta: number }): RunState {
  return losses.reduce<RunState>(
    (run, loss, index) =>
      recordEvaluation({ ...run, step: (index + 1) * 10 }, loss, { metric: 'evalLoss', ...config }),
    INITIAL_RUN_STATE,
  );
}

describe('early stopping', () => {
  it('remembers the best evaluation and where it was', () => {
    expect(after([3, 2, 2.5], { patience: 2, minDelta: 0 })).toMatchObject({
      bestEvalLoss: 2,
      bestStep: 20,
      evalLoss: 2.5,
      evaluationsSinceBest: 1,
      evaluatedStep: 30,
      stoppedEarly: false,
    });
  });

  it('stops after `patience` evaluations without improvement', () => {
    expect(after([3, 2, 2.5, 2.4], { patience: 2, minDelta: 0 }).stoppedEarly).toBe(true);
  });

  it('does not count an improvement smaller than minDelta', () => {
    expect(after([3, 2.95, 2.91], { patience: 2, minDelta: 0.1 })).toMatchObject({
      bestEvalLoss: 3,
      stoppedEarly: true,
    });
  });

  it('never stops with patience 0', () => {
    expect(after([1, 2, 3, 4, 5, 6], { patience: 0, minDelta: 0 }).stoppedEarly).toBe(false);
  });
});
