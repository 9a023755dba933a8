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
  const { report: say } = words();
  const warnings = [...notes];
  if (invalid > 0)
    warnings.push(
      first === undefined
        ? say.areLeftOut(String(invalid), String(rows))
        : say.areLeftOutFirst(String(invalid), String(rows), first.place, first.reason),
    );
  if (tooLong > 0) warnings.push(say.areTooLong(String(tooLong), String(rows)));
  const kept = Object.values(splits).reduce((sum, { examples }) => sum + examples, 0);
  if (truncated > MANY_CUT * kept)
    warnings.push(say.areCut(String(truncated), String(kept), String(dataset?.maxLength ?? 0)));
  if (damaged > 0) warnings.push(say.areDamaged(String(damaged), String(rows)));
  if (misread > 0)
    warnings.push(
      words().findings.misreadWarning(misread, rows, firstMisread?.place ?? '', firstMisread?.text ?? ''),
    );
  if ((training?.earlyStopping?.patience ?? 0) > 0 && splits.validation.examples === 0)
    warnings.push(say.noValidation());
  const metrics = evaluation?.metrics ?? [];
  if (metrics.length > 0 && splits.test.examples === 0) warnings.push(say.noTest(metrics.join(', ')));
  return warnings;
}
