import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ResolvedSpec, ResolveFacts } from '../../api/index.js';
import { readModelShape } from '../../models/index.js';
import { readDataReport } from '../data-report.js';
import { localJobSpec, type LocalJobOptions } from './local-job-spec.js';
import { words } from '../words/index.js';

/** Data sets above this size need no other defaults, and reading them twice takes time. */
const MOST_BYTES = 4 << 20;
/** Fields whose defaults depend on data and model. */
const DEPENDENT = ['training.epochs', 'training.batchSize', 'training.learningRate'];

/** The spec of a local run, with defaults that suit the data and the model that are on this machine. */
export async function localSpec(options: LocalJobOptions): Promise<ResolvedSpec> {
  const spec = localJobSpec(options);
  const isOpen = spec.reasons.some(({ field }) => DEPENDENT.includes(field));
  return isOpen ? localJobSpec(options, await localFacts(spec)) : spec;
}

/** One line for each default that was chosen by data or model. */
export function chosenDefaults(spec: ResolvedSpec): readonly string[] {
  const values = spec.training as unknown as Readonly<Record<string, unknown>>;
  return spec.reasons
    .filter(({ field }) => DEPENDENT.includes(field))
    .map(({ field, reason }) =>
      words().training.chosen(field, String(values[field.replace('training.', '')]), reason),
    );
}

async function localFacts(spec: ResolvedSpec): Promise<ResolveFacts> {
  const hiddenSize = readModelShape(spec.model.source)?.hidden;
  if (!isSmall(spec)) return { hiddenSize };
  // What is wrong with the data is told by the training itself.
  const outcome = await readDataReport(spec);
  const trainExamples = 'report' in outcome ? outcome.report.splits.train.examples : 0;
  return trainExamples > 0 ? { hiddenSize, trainExamples } : { hiddenSize };
}

function isSmall({ model, dataset }: ResolvedSpec): boolean {
  if (!model.source.startsWith('file://')) return false;
  let bytes = 0;
  for (const { uri } of dataset.sources) {
    if (!uri.startsWith('file://')) return false;
    const stat = statSync(fileURLToPath(uri), { throwIfNoEntry: false });
    if (!stat?.isFile()) return false;
    bytes += stat.size;
  }
  return bytes <= MOST_BYTES;
}
