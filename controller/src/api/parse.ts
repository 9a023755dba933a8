import { LineCounter, parseDocument, isNode } from 'yaml';
import type { Document } from 'yaml';
import { z } from 'zod';
import { UserError } from '../errors.js';
import { API_VERSION, FINE_TUNE_JOB_KIND, GPU_QUEUE_KIND } from './constants.js';
import type { FineTuneJob, FineTuneJobSpec } from './fine-tune-job.js';
import { FINE_TUNE_JOB_RULES, fineTuneJobSpecSchema, metadataSchema } from './fine-tune-job.js';
import type { GpuQueue } from './gpu-queue.js';
import { gpuQueueSpecSchema } from './gpu-queue.js';
import { nearest } from './nearest.js';

export interface ParseOptions {
  /** Name of the file for messages; with a YAML text the line is added. */
  readonly file?: string | undefined;
}

/** Longest YAML text that is read, in characters. */
const MAX_TEXT = 1_048_576;

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

interface Source {
  readonly value: unknown;
  /** `file:line: ` of a path, or less when less is known. */
  readonly place: (path: readonly PropertyKey[]) => string;
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
  throw new UserError(describe(result.error.issues, source, schema, prefix));
}

function readYaml(yaml: string, file: string | undefined): Source {
  const lines = new LineCounter();
  const at = (offset?: number) => {
    if (offset === undefined) return file === undefined ? '' : `${file}: `;
    return `${file ?? 'line '}${file === undefined ? '' : ':'}${lines.linePos(offset).line}: `;
  };
  if (yaml.length > MAX_TEXT) throw new UserError(`${at()}is larger than ${MAX_TEXT} characters`);
  const document: Document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false });
  const error = document.errors[0];
  if (error !== undefined) {
    const reason =
      error.code === 'MULTIPLE_DOCS'
        ? 'holds several documents: give one'
        : `is no valid YAML: ${error.message}`;
    throw new UserError(`${at(error.pos[0])}${reason}`);
  }
  const place = (path: readonly PropertyKey[]): string => {
    for (let depth = path.length; depth >= 0; depth--) {
      const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range) return at(node.range[0]);
    }
    return at();
  };
  return { value: document.toJS({ maxAliasCount: 100 }) as unknown, place };
}

/** One sentence on the issue that matters most; the others are only counted. */
function describe(
  issues: readonly z.core.$ZodIssue[],
  source: Source,
  schema: z.ZodType,
  prefix: readonly string[],
): string {
  // A misspelt field also leaves the right one missing: the misspelling is the cause.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue === undefined) return 'is invalid';
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys[0] ?? '';
    const guess = nearest(unknown, fieldsAt(schema, issue.path));
    const hint = guess === undefined ? '' : `: did you mean ${guess}?`;
    const path = formatPath([...prefix, ...issue.path, unknown]);
    return `${source.place([...issue.path, unknown])}${path} is not a field that is known${hint}${more}`;
  }
  const path = formatPath([...prefix, ...issue.path]);
  return `${source.place(issue.path)}${path === '' ? '' : `${path}: `}${explain(issue, source.value)}${more}`;
}

function explain(issue: z.core.$ZodIssue, root: unknown): string {
  const given = valueAt(root, issue.path);
  switch (issue.code) {
    case 'invalid_type':
      return given === undefined ? 'is required' : `must be ${article(issue.expected)}, not ${show(given)}`;
    case 'invalid_value':
      return given === undefined
        ? `is required: one of ${issue.values.join(', ')}`
        : `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.join(', ')}, not ${show(given)}`;
    case 'too_small':
      return issue.origin === 'array' || issue.origin === 'string'
        ? 'must not be empty'
        : `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}, not ${show(given)}`;
    case 'too_big':
      return issue.origin === 'array' || issue.origin === 'string'
        ? `is longer than ${issue.maximum}`
        : `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}, not ${show(given)}`;
    case 'invalid_format':
      return issue.message.startsWith('Invalid')
        ? `${show(given)} has not the right form`
        : `${issue.message}, not ${show(given)}`;
    default:
      return issue.message;
  }
}

const article = (expected: string) =>
  expected === 'int' ? 'a whole number' : /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;

const show = (value: unknown) => {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};

const formatPath = (path: readonly PropertyKey[]) =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/** Names of the fields of the object at a path. */
function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let current: z.core.$ZodType = schema;
  for (const part of path) {
    current = unwrap(current);
    if (current instanceof z.ZodObject) {
      const next = (current.shape as Record<PropertyKey, z.core.$ZodType>)[part];
      if (next === undefined) return [];
      current = next;
    } else if (current instanceof z.ZodArray) {
      current = current.element;
    } else {
      return [];
    }
  }
  current = unwrap(current);
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  let current = schema;
  while (current instanceof z.ZodOptional || current instanceof z.ZodDefault) current = current.unwrap();
  return current;
}
