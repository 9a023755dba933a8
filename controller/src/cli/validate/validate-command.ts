import { FINE_TUNE_JOB_KIND, type FineTuneJob, type GpuQueue, type Manifest } from '../../api/index.js';
import { parseColumns } from '../column-option.js';
import { formatReport, type ReportFormat } from '../output.js';
import { readManifests } from '../read-manifests.js';
import { checkJob, type Findings } from './check-job.js';
import { describeFindings } from './describe-findings.js';
import { parseMemory } from './gpu-memory.js';

export interface ValidateOptions {
  /** Folder with config.json and tokenizer.json, for jobs whose model is elsewhere. */
  readonly model?: string;
  readonly data: readonly string[];
  /** `field=column,…`, for every source. */
  readonly columns: readonly string[];
  /** Sheet of the workbooks, for every source. */
  readonly sheet?: string;
  readonly flavor: readonly string[];
  readonly gpuMemory?: string;
  readonly fromScratch?: boolean;
  readonly output: ReportFormat;
}

/**
 * Checks files without a cluster and prints what it found; resolves with the exit code: 1 when something is invalid, and 2, as
 * from every other command, when a model folder on this machine cannot be used.
 */
export async function validate(files: readonly string[], options: ValidateOptions): Promise<number> {
  const gpuMemory = options.gpuMemory === undefined ? undefined : parseMemory(options.gpuMemory);
  const columns = parseColumns(options.columns);
  const manifests = readManifests(files);
  const queues = manifests.flatMap(({ object }) =>
    object !== undefined && object.kind !== FINE_TUNE_JOB_KIND ? [object as GpuQueue] : [],
  );
  const findings: Findings[] = [];
  const seen = new Map<string, string>();
  for (const manifest of manifests) {
    const { object } = manifest;
    const job = object?.kind === FINE_TUNE_JOB_KIND ? (object as FineTuneJob) : undefined;
    const found =
      job === undefined
        ? {
            problems: manifest.problems,
            warnings: [],
            notes: manifest.isForeign ? ["none of Tuneyard's, so it is not looked at"] : [],
          }
        : await checkJob(job, manifest.place, {
            model: options.model,
            data: options.data,
            columns,
            sheet: options.sheet,
            flavors: flavorsOf(job, options.flavor, queues),
            gpuMemory,
            fromScratch: options.fromScratch,
          });
    const problems = [...found.problems, ...repeated(manifest, seen)];
    const { kind, name, place } = manifest;
    findings.push({
      place: place.replace(/: $/, ''),
      kind,
      name,
      valid: problems.length === 0,
      ...found,
      problems,
    });
  }
  process.stdout.write(
    options.output === 'text'
      ? findings.map(describeFindings).join('\n')
      : formatReport({ documents: findings }, options.output),
  );
  if (findings.some(({ hasUnusableModel }) => hasUnusableModel)) return 2;
  return findings.every(({ valid }) => valid) ? 0 : 1;
}

/** Those asked for, else those that the job's queue has quota for, where its file is among those given. */
function flavorsOf(
  { spec }: FineTuneJob,
  asked: readonly string[],
  queues: readonly GpuQueue[],
): readonly string[] {
  if (asked.length > 0) return asked;
  const queue = queues.find(({ metadata }) => metadata.name === spec.queueName);
  return queue?.spec.quotas.map(({ flavor }) => flavor) ?? [];
}

/** The second of two objects of one name would overwrite the first. */
function repeated({ object, place }: Manifest, seen: Map<string, string>): string[] {
  if (object === undefined) return [];
  const { kind, metadata } = object;
  const key = `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
  const before = seen.get(key);
  seen.set(key, place);
  return before === undefined
    ? []
    : [
        `${place}metadata.name: ${kind} ${metadata.name} is at ${before.replace(/: $/, '')} already; rename one`,
      ];
}
