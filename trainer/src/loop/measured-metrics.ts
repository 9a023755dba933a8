import type { Metric } from '@tuneyard/proto';
import type { LoadedJob } from './compute.js';
import type { RunState } from './run-state.js';

export interface MeasuredRun {
  readonly run: RunState;
  readonly examples: LoadedJob['examples'];
  /** The result is the state at the best validation loss. */
  readonly keepsBest: boolean;
}

/** What was measured of base and tuned model over whole splits. */
export function measuredMetrics({ run, examples, keepsBest }: MeasuredRun): Metric[] {
  const { baseExactMatch, tunedExactMatch, baseEvalLoss, evalLoss, bestEvalLoss } = run;
  const metrics: Metric[] = [];
  if (tunedExactMatch !== null) {
    metrics.push({
      name: 'exactMatch',
      base: baseExactMatch ?? undefined,
      tuned: tunedExactMatch,
      examples: examples.test,
    });
  }
  if (evalLoss !== null) {
    metrics.push({
      name: 'evalLoss',
      base: baseEvalLoss ?? undefined,
      tuned: keepsBest ? (bestEvalLoss ?? evalLoss) : evalLoss,
      examples: examples.validation,
    });
  }
  return metrics;
}
