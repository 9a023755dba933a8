import type { TrainerConfig } from '@tuneyard/proto';
import type { DataReport } from './data-report.js';

/** What the data do to a job, and its owner hardly expects; one sentence each. */
export function dataWarnings(
  report: DataReport,
  { training, evaluation }: Pick<TrainerConfig, 'training' | 'evaluation'>,
): string[] {
  const { rows, invalid, firstInvalid: first, splits, notes, damaged } = report;
  const warnings = [...notes];
  if (invalid > 0)
    warnings.push(
      `${invalid} of ${rows} rows are left out${first === undefined ? '' : `; the first is ${first.place}: ${first.reason}`}`,
    );
  if (damaged > 0)
    warnings.push(
      `${damaged} of ${rows} rows hold U+FFFD: their text was damaged before it came here, and is learnt so`,
    );
  if ((training?.earlyStopping?.patience ?? 0) > 0 && splits.validation.examples === 0)
    warnings.push(
      'training.earlyStopping: never acts, because no row is held back for validation; raise dataset.split.validation, or name a source with split: validation',
    );
  const metrics = evaluation?.metrics ?? [];
  if (metrics.length > 0 && splits.test.examples === 0)
    warnings.push(
      `evaluation.metrics: ${metrics.join(', ')} is not measured: no row is held back for the test; raise dataset.split.test, or name a source with split: test`,
    );
  return warnings;
}
