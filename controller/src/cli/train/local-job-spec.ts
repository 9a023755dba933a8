import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseColumns } from '../column-option.js';
import { applySettings } from './apply-settings.js';
import { parseFineTuneJobSpec, resolveSpec, type ResolvedSpec, type ResolveFacts } from '../../api/index.js';

export interface LocalJobOptions {
  /** Folder of the base model, or the address of one. */
  readonly model: string;
  /** Data files, or addresses of some; several are mixed. */
  readonly data: readonly string[];
  readonly method: string;
  readonly workers: number;
  /** Random weights instead of those in the model's folder. */
  readonly fromScratch?: boolean;
  /** Folder for the result. */
  readonly out: string;
  /** `path=value` settings of the spec, such as `training.epochs=3`; the value is JSON, or else text. */
  readonly set: readonly string[];
  /** `field=column,…`, for every data file. */
  readonly columns?: readonly string[];
  /** Name or number of the sheet, for every data file. */
  readonly sheet?: string;
}

/** The spec of a FineTuneJob, as the command line gives it, with every default filled in. */
export function localJobSpec(options: LocalJobOptions, facts: ResolveFacts = {}): ResolvedSpec {
  const columns = parseColumns(options.columns ?? []);
  const named = {
    ...(Object.keys(columns).length === 0 ? {} : { columns }),
    ...(options.sheet === undefined ? {} : { sheet: options.sheet }),
  };
  const spec: Record<string, unknown> = {
    queueName: 'local',
    model: {
      source: sourceUri(options.model),
      ...(options.fromScratch === true ? { fromScratch: true } : {}),
    },
    method: { type: options.method },
    dataset: { sources: options.data.map((file) => ({ uri: sourceUri(file), ...named })) },
    workers: { min: options.workers, max: options.workers },
    output: { uri: fileUri(options.out) },
  };
  applySettings(spec, options.set);
  return resolveSpec(parseFineTuneJobSpec(spec), facts);
}

/** Models and data may also be fetched: hf://, s3:// and https:// addresses stay as they are. */
function sourceUri(path: string): string {
  return /^(hf|s3|https):\/\//.test(path) ? path : fileUri(path);
}

function fileUri(path: string): string {
  return path.startsWith('file://') ? path : pathToFileURL(resolve(path)).href;
}
