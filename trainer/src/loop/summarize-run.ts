import type { Metric } from '@tuneyard/proto';
import {
  advise,
  compareModels,
  judge,
  pairLosses,
  pairMatches,
  type Comparison,
  type MeasuredRows,
  type TrainingCourse,
} from '../evaluation/index.js';
import { words } from '../words/index.js';
import type { Compute, LoadedJob, RunSummary } from './compute.js';
import { quarterMeans } from './loss-quarters.js';
import type { RunState } from './run-state.js';
import type { CompleteConfig } from './train.js';

export interface FinishedRun {
  readonly config: CompleteConfig;
  readonly job: Pick<LoadedJob, 'totalSteps' | 'vocabularySize'>;
  readonly run: RunState;
  readonly metrics: readonly Metric[];
  readonly compute: Compute;
  /** Seconds, monotonic. */
  readonly now: () => number;
  readonly isHurried: () => boolean;
}

/** The outcome of a run in figures and in words. A comparison that fails costs no result. */
export async function summarizeRun(finished: FinishedRun): Promise<RunSummary> {
  const { config, job, run, metrics, compute, now, isHurried } = finished;
  const wantsAnswers = config.evaluation.metrics.includes('exactMatch');
  const { maxNewTokens } = config.evaluation;
  const { compared, ...measured } = await compareModels({
    models: compute,
    wantsAnswers,
    maxNewTokens,
    now,
    isHurried,
  }).catch((error: unknown) => notCompared(error));
  const loss = pairLosses(compared);
  const exactMatch = wantsAnswers && measured.split === 'test' ? pairMatches(compared) : undefined;
  const pairs = { ...(loss ? { loss } : {}), ...(exactMatch ? { exactMatch } : {}) };
  const quarters = quarterMeans(run.lossQuarters);
  const comparison: Comparison = {
    format: 'tuneyard-evaluation-v1',
    ...measured,
    metrics: metrics.map(({ name, base, tuned, examples }) => ({ name, base, tuned, examples })),
    ...pairs,
    verdict: judge(pairs),
    advice: advise({
      quarters,
      baseEvalLoss: run.baseEvalLoss ?? undefined,
      evalLoss: metrics.find(({ name }) => name === 'evalLoss')?.tuned,
      vocabularySize: job.vocabularySize,
      heldOutRows: measured.rows,
      stoppedEarly: run.stoppedEarly,
      learningRate: config.training.learningRate,
      length: lengthOf(config),
    }),
  };
  return {
    steps: run.step,
    totalSteps: job.totalSteps,
    tokens: run.tokens,
    trainLossByQuarter: quarters,
    comparison,
    compared,
  };
}

function lengthOf({ training: { steps, epochs } }: CompleteConfig): TrainingCourse['length'] {
  return steps > 0 ? { field: 'training.steps', value: steps } : { field: 'training.epochs', value: epochs };
}

function notCompared(error: unknown): MeasuredRows {
  const reason = error instanceof Error ? error.message : String(error);
  const notes = [words().comparison.failed(reason)];
  return { split: 'none', rows: 0, comparedRows: 0, answeredRows: 0, maxNewTokens: 0, notes, compared: [] };
}
