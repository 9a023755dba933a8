import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TrainerConfig } from '@tuneyard/proto';
import {
  createBatchPlan,
  dataWarnings,
  findingsWarnings,
  longRowsOf,
  prepareData,
  renderFindings,
  renderReport,
  RowInspector,
  Tokenizer,
} from '../data/index.js';
import { UserError } from '../errors.js';
import { checkAgainstModel } from '../loop/check-against-model.js';
import { readModelConfig } from '../model/index.js';
import { fetchInputs, openStorage, type TransferLog } from '../storage/index.js';
import { words } from '../words/index.js';
import { writeJson } from './write-json.js';

export interface DataReportOptions {
  /** JSON of a TrainerConfig; `-` = standard input. */
  readonly config: string;
  readonly json?: string;
  /** Examples of each finding that are printed. */
  readonly show: number;
}

/** Standard output is for the report. */
const ON_STDERR: TransferLog = { info: (message) => console.error(message), received: () => undefined };

/** Reads the data of a job as training would and tells what became of it; nothing is trained. */
export async function runDataReport(options: DataReportOptions): Promise<void> {
  const { local } = await fetchInputs(readConfig(options.config), openStorage(process.env, ON_STDERR));
  const { model, dataset, training } = local;
  if (!model || !dataset || !training) throw new UserError('--config: model, dataset or training is missing');
  const folder = fileURLToPath(model.source);
  const tokenizer = Tokenizer.load(folder);
  const inspector = new RowInspector(tokenizer);
  const data = await prepareData(dataset, tokenizer, inspector);
  const findings = inspector.findings();
  const { report } = data;
  const plan = createBatchPlan(data, training, dataset);
  const kept = Object.values(report.splits).reduce((sum, { examples }) => sum + examples, 0);
  const steps = {
    total: plan.totalSteps,
    perEpoch: plan.stepsPerEpoch,
    batchSize: training.batchSize,
    paddingShare: plan.paddingShare,
  };
  // A tokenizer alone is enough for a report.
  const config = existsSync(join(folder, 'config.json')) ? readModelConfig(folder) : undefined;
  const positions = config?.maxPositions;
  const beyondPositions = longRowsOf(data, positions, tokenizer);
  const warnings = [
    ...dataWarnings(report, local),
    ...findingsWarnings(findings),
    ...(config === undefined ? [] : checkAgainstModel(config, data, local.method)),
  ];
  if (options.json !== '-') {
    process.stdout.write(renderReport(report));
    const model = { maxLength: dataset.maxLength, positions, beyondPositions };
    for (const line of renderFindings(findings, model, { most: options.show, hasColours: knowsColours() }))
      console.log(line);
    console.log(
      `\n${words().report.steps(
        String(steps.total),
        String(steps.perEpoch),
        String(steps.batchSize),
        `${(100 * steps.paddingShare).toFixed(1)} %`,
      )}`,
    );
    // The notes stand in the report already.
    for (const warning of warnings)
      if (!report.notes.includes(warning)) console.log(words().report.warning(warning));
  }
  if (options.json !== undefined) {
    const truncatedShare = kept === 0 ? 0 : report.truncated / kept;
    writeJson(options.json, {
      ...report,
      truncatedShare,
      steps,
      warnings,
      findings: { ...findings, beyondPositions },
    });
  }
}

function knowsColours(): boolean {
  return process.stdout.isTTY && !process.env['NO_COLOR'];
}

function readConfig(file: string): TrainerConfig {
  try {
    return TrainerConfig.fromJSON(JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8')));
  } catch (error) {
    throw new UserError(`--config ${file}: cannot be read (${(error as Error).message})`);
  }
}
