import type { TrainerConfig } from '@tuneyard/proto';
import { words } from '../words/index.js';
import type { DataReport } from './data-report.js';

/** A share of cut examples that is worth a word. */
const MANY_CUT = 0.05;

/** What the data do to a job, and its owner hardly expects; one sentence each. */
export function dataWarnings(
  report: DataReport,
  { dataset, training, evaluation }: Pick<TrainerConfig, 'dataset' | 'training' | 'evaluation'>,
): string[] {
  const {
    rows,
    invalid,
    firstInvalid: first,
    tooLong,
    truncated,
    splits,
    notes,
    damaged,
    misread,
    firstMisread,
  } = report;
  const warnings = [...notes];
  if (invalid > 0)
    warnings.push(
      `${invalid} of ${rows} rows are left out${first === undefined ? '' : `; the first is ${first.place}: ${first.reason}`}`,
    );
  if (tooLong > 0) warnings.push(`${tooLong} of ${rows} rows are left out as too long`);
  const kept = Object.values(splits).reduce((sum, { examples }) => sum + examples, 0);
  if (truncated > MANY_CUT * kept)
    warnings.push(
      `dataset.maxLength: ${truncated} of ${kept} examples are cut at ${dataset?.maxLength ?? 0} tokens`,
    );
  if (damaged > 0)
    warnings.push(
      `${damaged} of ${rows} rows hold U+FFFD: their text was damaged before it came here, and is learnt so`,
    );
  if (misread > 0)
    warnings.push(
      words().findings.misreadWarning(misread, rows, firstMisread?.place ?? '', firstMisread?.text ?? ''),
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
