import { printDataReport } from './data-report.js';
import { refuseMissingModel } from './refuse-missing-model.js';
import { localSpec } from './train/local-facts.js';

export interface DataReportOptions {
  /** Folder of the base model, whose tokenizer and chat template count. */
  readonly model: string;
  readonly set: readonly string[];
  readonly columns: readonly string[];
  readonly sheet?: string;
  readonly json?: string;
  /** Examples of each finding. */
  readonly show: number;
}

/** Prints what training would make of data files; resolves with the exit code. */
export async function reportData(
  files: readonly string[],
  { model, set, columns, sheet, json, show }: DataReportOptions,
): Promise<number> {
  const job = {
    model,
    data: files,
    method: 'lora',
    workers: 1,
    out: 'unused',
    set,
    columns,
    ...(sheet === undefined ? {} : { sheet }),
  };
  refuseMissingModel(model);
  return printDataReport(await localSpec(job), { json, show });
}
