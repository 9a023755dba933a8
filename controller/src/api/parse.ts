import { z } from 'zod';
import { UserError } from '../errors.js';
import { describeIssues } from './describe-issues.js';
import { API_VERSION, FINE_TUNE_JOB_KIND, GPU_QUEUE_KIND, GROUP } from './constants.js';
import type { FineTuneJob, FineTuneJobSpec } from './fine-tune-job.js';
import { FINE_TUNE_JOB_RULES, fineTuneJobSpecSchema, metadataSchema } from './fine-tune-job.js';
import type { GpuQueue } from './gpu-queue.js';
import { gpuQueueSpecSchema } from './gpu-queue.js';
import { nearest } from './nearest.js';
import { isListOfValues } from './schema-at.js';
import { readYaml, readYamlDocuments, type Source } from './yaml-source.js';

export interface ParseOptions {
  /** Name of the file for messages; with a YAML text the line is added. */
  readonly file?: string | undefined;
}

const objectSchema = (kind: string, spec: z.ZodType) =>
  z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(kind),
    metadata: metadataSchema,
    spec,
    status: z.unknown().optional(),
  });

const jobSchema = objectSchema(FINE_TUNE_JOB_KIND, fineTuneJobSpecSchema).superRefine((job, context) => {
  for (const { holds, message, field } of FINE_TUNE_JOB_RULES) {
    if (holds !== undefined && !holds(job as unknown as FineTuneJob)) {
      context.addIssue({ code: 'custom', message, path: (field ?? '').split('.') });
    }
  }
});
const queueSchema = objectSchema(GPU_QUEUE_KIND, gpuQueueSpecSchema);

/**
 * Reads a FineTuneJob from YAML text (one document) or from an object.
 * @throws UserError naming the file, the line where known, the field path and the way out
 */
export function parseFineTuneJob(input: unknown, options: ParseOptions = {}): FineTuneJob {
  return parse(jobSchema, input, options) as FineTuneJob;
}

/** Reads a GpuQueue; see {@link parseFineTuneJob}. */
export function parseGpuQueue(input: unknown, options: ParseOptions = {}): GpuQueue {
  return parse(queueSchema, input, options) as GpuQueue;
}

/** Reads the `spec` of a FineTuneJob alone, as `tuneyard train` builds it from its options. */
export function parseFineTuneJobSpec(input: unknown, options: ParseOptions = {}): FineTuneJobSpec {
  return parse(fineTuneJobSpecSchema, input, options, ['spec']) as FineTuneJobSpec;
}

/** Whether a field of a job's `spec` is a list of texts or numbers. */
export function isListOfSpec(path: readonly string[]): boolean {
  return isListOfValues(fineTuneJobSpecSchema, path);
}

/** One document of a file: an object, or what keeps it from being one. */
export interface Manifest {
  /** `file:line: ` */
  readonly place: string;
  readonly kind?: string;
  readonly name?: string;
  readonly object?: FineTuneJob | GpuQueue;
  /** It is for somebody else, such as a Namespace or a ConfigMap, as its apiVersion says. */
  readonly isForeign?: true;
  /** A sentence each, with its own place. */
  readonly problems: readonly string[];
}

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  [FINE_TUNE_JOB_KIND]: jobSchema,
  [GPU_QUEUE_KIND]: queueSchema,
};

/** Reads every document of a YAML text: FineTuneJobs, GpuQueues, and what stands beside them. @throws UserError when the text is too long */
export function parseManifests(yaml: string, { file }: ParseOptions = {}): Manifest[] {
  return readYamlDocuments(yaml, file).map((source) =>
    'problem' in source ? { place: source.place, problems: [source.problem] } : toManifest(source),
  );
}

const nameSchema = z.object({ kind: z.string(), metadata: z.object({ name: z.string() }) });
const typeSchema = z.object({ apiVersion: z.string(), kind: z.string() });

function toManifest(source: Source): Manifest {
  const place = source.place([]);
  const named = nameSchema.safeParse(source.value).data;
  const about = { place, ...(named && { kind: named.kind, name: named.metadata.name }) };
  const { kind } = z.object({ kind: z.unknown() }).safeParse(source.value).data ?? {};
  const schema = typeof kind === 'string' && Object.hasOwn(SCHEMAS, kind) ? SCHEMAS[kind] : undefined;
  if (schema === undefined) {
    const type = typeSchema.safeParse(source.value).data;
    if (type !== undefined && !type.apiVersion.startsWith(`${GROUP}/`))
      return { ...about, kind: type.kind, isForeign: true, problems: [] };
    const kinds = Object.keys(SCHEMAS);
    const guess = typeof kind === 'string' ? nearest(kind, kinds) : undefined;
    const hint = guess === undefined ? '' : `: did you mean ${guess}?`;
    const given = kind === undefined ? 'is required: one of' : `is ${JSON.stringify(kind)}, not one of`;
    return { ...about, problems: [`${source.place(['kind'])}kind ${given} ${kinds.join(', ')}${hint}`] };
  }
  const result = schema.safeParse(source.value);
  return result.success
    ? { ...about, object: result.data as FineTuneJob | GpuQueue, problems: [] }
    : { ...about, problems: describeIssues(result.error.issues, source, schema) };
}

function parse(
  schema: z.ZodType,
  input: unknown,
  { file }: ParseOptions,
  prefix: readonly string[] = [],
): unknown {
  const source =
    typeof input === 'string'
      ? readYaml(input, file)
      : { value: input, place: () => (file === undefined ? '' : `${file}: `) };
  const result = schema.safeParse(source.value);
  if (result.success) return result.data;
  throw new UserError(allOf(describeIssues(result.error.issues, source, schema, prefix)));
}

/** More are never mended at a time. */
const MOST_PROBLEMS = 20;

/** One problem as a sentence, several as a list, so that none has to be found by trying again. */
function allOf(problems: readonly string[]): string {
  const [first = 'is invalid'] = problems;
  if (problems.length <= 1) return first;
  const left = problems.length - MOST_PROBLEMS;
  return [
    `${problems.length} problems:`,
    ...problems.slice(0, MOST_PROBLEMS).map((problem) => `  ${problem}`),
    ...(left > 0 ? [`  and ${left} more`] : []),
  ].join('\n');
}
