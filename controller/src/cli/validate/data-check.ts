import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ResolvedSpec } from '../../api/index.js';
import { UserError } from '../../errors.js';
import { refuseMissingModel } from '../refuse-missing-model.js';
import { readDataReport, type DataReport } from '../data-report.js';

export interface DataCheck {
  readonly report?: DataReport;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** Why there is no report. */
  readonly notes: readonly string[];
}

/** Where the model and the sources of a job lie on this machine. */
export interface LocalFiles {
  /** Folder of the base model instead of `model.source`. */
  readonly model?: string | undefined;
  /** Files instead of the sources, in their order. */
  readonly data: readonly string[];
  /** Columns by field, for every source, before those of the job. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Sheet of the workbooks instead of those of the job. */
  readonly sheet?: string | undefined;
}

/** The spec with the addresses replaced by those of files on this machine. @throws UserError when a file is missing */
export function withLocalFiles(
  spec: ResolvedSpec,
  { model, data, columns, sheet }: LocalFiles,
): ResolvedSpec {
  const { sources } = spec.dataset;
  if (data.length > sources.length)
    throw new UserError(`--data is given ${data.length} times, but the job has ${sources.length} sources`);
  return {
    ...spec,
    model:
      model === undefined
        ? spec.model
        : { source: addressOf(model, '--model'), ...(spec.model.fromScratch ? { fromScratch: true } : {}) },
    dataset: {
      ...spec.dataset,
      sources: sources.map((source, index) => {
        const file = data[index];
        const mapping = { ...source.columns, ...columns };
        return {
          ...source,
          ...(file === undefined ? {} : { uri: addressOf(file, '--data') }),
          ...(Object.keys(mapping).length === 0 ? {} : { columns: mapping }),
          ...(sheet === undefined ? {} : { sheet }),
        };
      }),
    },
  };
}

function addressOf(path: string, option: string): string {
  if (option === '--model') refuseMissingModel(path);
  const whole = resolve(path);
  if (!existsSync(whole)) throw new UserError(`${option} ${path}: there is no such file or folder`);
  return pathToFileURL(whole).href;
}

/** What training would make of the data, if model and data lie on this machine. */
export async function checkData(spec: ResolvedSpec): Promise<DataCheck> {
  const nothing = { problems: [], warnings: [] };
  const missing = spec.dataset.sources.map(({ uri }) => uri).filter((uri) => !isHere(uri));
  if (missing.length > 0)
    return {
      ...nothing,
      notes: [`the data are not looked at: ${missing[0]} is not on this machine; --data names a copy`],
    };
  if (!isHere(spec.model.source, 'tokenizer.json'))
    return {
      ...nothing,
      notes: [
        `the data are not looked at: the tokenizer of ${spec.model.source} is not on this machine; --model names a copy`,
      ],
    };
  const result = await readDataReport(spec);
  if ('problem' in result) return { problems: [result.problem], warnings: [], notes: [] };
  const { report } = result;
  return { report, problems: [], warnings: dataWarnings(report, spec), notes: [] };
}

function isHere(address: string, file = ''): boolean {
  try {
    return address.startsWith('file://') && existsSync(join(fileURLToPath(address), file));
  } catch {
    return false;
  }
}

/** The trainer names fields of the job where it can. */
const withField = (warning: string): string =>
  /^(dataset|training|evaluation)\./.test(warning) ? `spec.${warning}` : `spec.dataset: ${warning}`;

function dataWarnings(report: DataReport, { dataset, training }: ResolvedSpec): string[] {
  const { train } = report.splits;
  return [
    ...report.warnings.map(withField),
    ...(report.leaked > 0
      ? [
          `spec.dataset: ${report.leaked} held-out rows nearly repeat a training row, so figures on them flatter`,
        ]
      : []),
    ...(2 * train.longest <= dataset.maxLength
      ? [
          `spec.dataset.maxLength: memory is reserved for ${dataset.maxLength} tokens, but the longest example has ${train.longest}`,
        ]
      : []),
    ...(train.examples < training.batchSize
      ? [
          `spec.training.batchSize: is ${training.batchSize}, but there are ${train.examples} examples to train on`,
        ]
      : []),
  ];
}
