import type { EarlyStoppingConfig } from '@tuneyard/proto';
import type { RunState } from './run-state.js';

/**
 * The run state after a validation loss was measured. An evaluation counts as better only when it improves on the best
 * by more than `minDelta`; `patience` evaluations without that end the run (patience 0: never).
 */
export function recordEvaluation(
  run: RunState,
  evalLoss: number,
  config: EarlyStoppingConfig | undefined,
): RunState {
  const improved = run.bestEvalLoss === null || evalLoss < run.bestEvalLoss - (config?.minDelta ?? 0);
  const evaluationsSinceBest = improved ? 0 : run.evaluationsSinceBest + 1;
  const patience = config?.patience ?? 0;
  return {
    ...run,
    evaluatedStep: run.step,
    evalLoss,
    bestEvalLoss: improved ? evalLoss : run.bestEvalLoss,
    bestStep: improved ? run.step : run.bestStep,
    evaluationsSinceBest,
    stoppedEarly: patience > 0 && evaluationsSinceBest >= patience,
  };
}
