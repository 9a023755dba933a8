import type { RunState } from './run-state.js';

/** The run state after a step of this training loss; a loss that is not finite says nothing about the trend. */
export function recordTrainLoss(run: RunState, loss: number): RunState {
  if (!Number.isFinite(loss)) return run;
  return { ...run, trainLossSum: run.trainLossSum + loss, trainLossSteps: run.trainLossSteps + 1 };
}

/**
 * Compares the stretch of steps before this evaluation with the stretch before the last one. When the validation loss
 * rose while the mean training loss fell, the model begins to learn its examples by heart: `warning` says so, once
 * until the validation loss reaches a new low. Call before the evaluation itself is recorded.
 */
export function watchForRisingLoss(
  run: RunState,
  evalLoss: number,
): { readonly run: RunState; readonly warning: string | undefined } {
  const trainLoss = run.trainLossSteps > 0 ? run.trainLossSum / run.trainLossSteps : run.stretchTrainLoss;
  const rose = run.evalLoss !== null && evalLoss > run.evalLoss;
  const fell = trainLoss !== null && run.stretchTrainLoss !== null && trainLoss < run.stretchTrainLoss;
  const newLow = run.bestEvalLoss === null || evalLoss < run.bestEvalLoss;
  const warns = rose && fell && run.risingSinceStep === null;
  return {
    run: {
      ...run,
      trainLossSum: 0,
      trainLossSteps: 0,
      stretchTrainLoss: trainLoss,
      risingSinceStep: newLow ? null : warns ? run.step : run.risingSinceStep,
    },
    warning: warns
      ? `step ${run.step}: validation loss rose from ${figure(run.evalLoss)} to ${figure(evalLoss)} while training loss ` +
        `fell from ${figure(run.stretchTrainLoss)} to ${figure(trainLoss)}; from here on the model learns its ` +
        'examples by heart: set training.earlyStopping, train fewer epochs, or add data'
      : undefined,
  };
}

const figure = (loss: number | null) => loss?.toFixed(4) ?? 'unknown';
