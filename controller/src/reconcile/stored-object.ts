import type { z } from 'zod';
import type { FineTuneJob, FineTuneJobStatus, GpuQueue } from '../api/index.js';
import {
  fineTuneJobStatusSchema,
  gpuQueueSpecSchema,
  gpuQueueStatusSchema,
  inItsQueue,
  MANAGED_BY,
} from '../api/index.js';

/**
 * Objects as the rest of the code may rely on them. What the API server holds may be older than its schema, or written
 * by hand: a part that has not the form that the code reads is left out here, once, and nowhere else looked for.
 */

/** Words of a newer or older version, and texts of another length, are read as they are. */
const HARMLESS: ReadonlySet<string> = new Set(['unrecognized_keys', 'invalid_value', 'custom']);

type Json = Readonly<Record<string, unknown>>;

/** The job with a spec and a status of the right form. The same object when there is nothing to leave out. */
export function soundJob(job: FineTuneJob): FineTuneJob {
  const spec = soundJobSpec(job.spec);
  const status = soundStatus(job.status);
  if (spec === job.spec && status === job.status) return inItsQueue(job);
  const { status: _status, ...rest } = job;
  return inItsQueue({ ...rest, spec, ...(status === undefined ? {} : { status }) });
}

/** The job with a spec of the right form, whose status is known to have it. */
export function withSoundSpec(job: FineTuneJob): FineTuneJob {
  const spec = soundJobSpec(job.spec);
  return inItsQueue(spec === job.spec ? job : { ...job, spec });
}

/** What is read before the spec is parsed; the parser names the rest. */
function soundJobSpec(spec: FineTuneJob['spec']): FineTuneJob['spec'] {
  const given = isRecord(spec) ? spec : {};
  const { queueName, priority, managedBy, model } = given as Json;
  const isSound =
    isRecord(spec) &&
    typeof queueName === 'string' &&
    Number.isFinite(priority ?? 0) &&
    typeof managedBy === 'string' &&
    isRecord(model) &&
    typeof model['source'] === 'string';
  if (isSound) return spec;
  return {
    ...given,
    queueName: typeof queueName === 'string' ? queueName : '',
    priority: Number.isFinite(priority) ? priority : 0,
    managedBy: typeof managedBy === 'string' ? managedBy : MANAGED_BY,
    model: isRecord(model) && typeof model['source'] === 'string' ? model : { source: '' },
  } as unknown as FineTuneJob['spec'];
}

function soundStatus(status: FineTuneJobStatus | undefined): FineTuneJobStatus | undefined {
  if (status === undefined) return undefined;
  if (!isRecord(status)) return undefined;
  const wrong = [...wrongPaths(fineTuneJobStatusSchema, status), ...wrongInstants(status)];
  return wrong.length === 0 ? status : without(status, wrong);
}

/** Why the spec of a queue cannot be read; undefined = it can. */
const queueProblems = new WeakMap<GpuQueue, string>();
export const queueProblem = (queue: GpuQueue): string | undefined => queueProblems.get(queue);

/** The queue; one whose spec cannot be read admits nothing until it can, and what runs goes on. */
export function soundQueue(queue: GpuQueue): GpuQueue {
  const isSoundStatus =
    queue.status === undefined || wrongPaths(gpuQueueStatusSchema, queue.status).length === 0;
  const [problem] = wrongPaths(gpuQueueSpecSchema, queue.spec);
  if (isSoundStatus && problem === undefined) return queue;
  const { status, ...rest } = queue;
  const sound: GpuQueue = {
    ...rest,
    ...(problem === undefined
      ? {}
      : { spec: { quotas: soundQuotas(queue.spec), weight: 1, stopPolicy: 'hold' } }),
    ...(isSoundStatus && status !== undefined ? { status } : {}),
  };
  if (problem !== undefined)
    queueProblems.set(sound, `${['spec', ...problem].join('.')} has not the form that this version reads`);
  return sound;
}

function soundQuotas(spec: unknown): GpuQueue['spec']['quotas'] {
  const { data } = gpuQueueSpecSchema.shape.quotas.safeParse(isRecord(spec) ? spec['quotas'] : undefined);
  return data ?? [];
}

type Path = readonly PropertyKey[];

function wrongPaths(schema: z.ZodType, value: unknown): Path[] {
  const { error } = schema.safeParse(value);
  return (error?.issues ?? [])
    .filter((issue) => !HARMLESS.has(issue.code) && !('origin' in issue && isLength(issue.origin)))
    .map(({ path }) => path);
}

const isLength = (origin: unknown) => origin === 'string' || origin === 'array';

/** Times are read by Date.parse, which is what counts. */
function wrongInstants(status: FineTuneJobStatus): Path[] {
  const wrong: Path[] = [];
  const look = (path: Path, text: unknown) => {
    const isInstant = typeof text === 'string' && Number.isFinite(Date.parse(text));
    if (text !== undefined && !isInstant) wrong.push(path);
  };
  for (const field of ['startTime', 'completionTime', 'requeueAt'] as const) look([field], status[field]);
  for (const field of ['placement', 'checkpoint', 'lastFailure'] as const)
    if (isRecord(status[field])) look([field, 'time'], status[field].time);
  look(['progress', 'estimatedCompletionTime'], status.progress?.estimatedCompletionTime);
  look(['queue', 'estimatedStartTime'], status.queue?.estimatedStartTime);
  const { conditions } = status;
  if (Array.isArray(conditions))
    conditions.forEach((condition: unknown, index) => {
      if (isRecord(condition)) look(['conditions', index], condition['lastTransitionTime']);
    });
  return wrong;
}

/** A condition alone, a part of what was resolved alone, and otherwise the whole field. */
function without(status: FineTuneJobStatus, wrong: readonly Path[]): FineTuneJobStatus {
  const left: Record<string, unknown> = { ...status };
  const conditions = new Set<PropertyKey>();
  for (const [field, part] of wrong) {
    const isPart = part !== undefined && typeof field === 'string';
    if (field === 'conditions' && typeof part === 'number') conditions.add(part);
    else if (field === 'resolved' && isPart && isRecord(left[field]))
      left[field] = Object.fromEntries(Object.entries(left[field]).filter(([name]) => name !== part));
    else delete left[String(field)];
  }
  if (conditions.size > 0 && Array.isArray(left['conditions']))
    left['conditions'] = left['conditions'].filter((_, index) => !conditions.has(index));
  return left;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
