import { z } from 'zod';
import { MAX_JOB_NAME, MANAGED_BY } from './constants.js';
import { datasetSchema } from './dataset.js';
import type { FineTuneJobStatus } from './job-status.js';
import { methodSchema } from './method.js';
import { podPatchSchema, podTemplateSchema } from './pod-template.js';
import type { CrossFieldRule } from './schema.js';
import {
  choice,
  documented,
  flag,
  integer,
  list,
  objectName,
  objectNameOrEmpty,
  secretRef,
  text,
  uri,
  writableUri,
} from './schema.js';
import { trainingSchema } from './training.js';
import { workersSchema } from './workers.js';

const model = documented('The model to tune.', {
  source: uri(
    'Folder in the layout of Hugging Face: hf://org/name, s3://, pvc://claim/path, file:///absolute/path or https://.',
  ),
  revision: text('Branch, tag or commit, for hf://.', 128).optional(),
  fromScratch: flag(
    'True starts from random weights by config.json; weights in the folder are not read. Without it, a folder without weights is refused.',
  ).optional(),
  secretRef: secretRef(
    'Credentials for the source: HF_TOKEN for hf://, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for s3://, token or username and password for https://.',
  ).optional(),
});

const evaluation = documented('What is measured on the test split at the end, base and tuned side by side.', {
  metrics: list(
    'exactMatch: greedy answers that equal the expected one.',
    choice('A metric.', ['exactMatch']),
    8,
  ).optional(),
  maxNewTokens: integer('Longest generated answer in tokens. Default 128.', 1, 65536).optional(),
});

const output = documented('Where the result goes.', {
  uri: writableUri('Folder for the adapter: pvc://claim/path, s3://bucket/path or file:///absolute/path.'),
  secretRef: secretRef('Credentials for s3://; also for checkpoints that lie beside it.').optional(),
  formats: list('Layouts to write. Default peft.', choice('A layout.', ['peft']), 4).optional(),
});

const runPolicy = documented('How long and how often the job may try, and when it is cleaned up.', {
  backoffLimit: integer(
    'Restarts after failures of the infrastructure before the job fails. Default 3.',
    0,
    1000,
  ).optional(),
  activeDeadlineSeconds: integer(
    'Seconds that the job may hold GPUs, summed over all attempts and evictions.',
    1,
    31_536_000,
  ).optional(),
  ttlSecondsAfterFinished: integer(
    'Seconds after the end until the job is deleted; absent: it stays.',
    0,
    31_536_000,
  ).optional(),
  workersReadySeconds: integer(
    'Seconds in which all workers must be ready after admission, else the job is queued again. Default 600.',
    1,
    86_400,
  ).optional(),
  preemption: documented('How the job gives its GPUs back.', {
    checkpointGraceSeconds: integer(
      'Seconds to write a checkpoint before its workers are ended. Default 120.',
      0,
      86_400,
    ).optional(),
  }).optional(),
});

/** What a user asks for. */
export const fineTuneJobSpecSchema = documented(
  'What to tune, on what, how, and with which share of the pool.',
  {
    queueName: objectNameOrEmpty(
      'The GpuQueue whose quota the job uses. Default: the one that label tuneyard.dev/default-queue of the namespace names when the job is first seen. Immutable while the job is admitted.',
    ).default(''),
    priority: integer(
      'Higher goes first within the queue. Only in queues without priority classes.',
      -1_000_000_000,
      1_000_000_000,
    ).default(0),
    priorityClassName: objectName(
      'One of the priority classes of the queue, in place of a number.',
    ).optional(),
    suspend: flag(
      'True keeps the job from running; a running one writes a checkpoint and gives its GPUs back.',
    ).default(false),
    managedBy: text(
      'Controller in charge; another value makes this one ignore the job. Immutable while the job is admitted.',
      128,
    ).default(MANAGED_BY),
    goal: choice('What filled-in fields are chosen for; it decides the rank of LoRA.', [
      'auto',
      'style',
      'knowledge',
      'task',
      'reasoning',
    ]).default('auto'),
    model,
    method: methodSchema.optional(),
    dataset: datasetSchema,
    training: trainingSchema.optional(),
    // The default lets workers.max have one in every job.
    workers: workersSchema.optional().meta({ default: {} }),
    evaluation: evaluation.optional(),
    output,
    runPolicy: runPolicy.optional(),
    template: podTemplateSchema.optional(),
    podTemplate: podPatchSchema.optional(),
  },
);

/** The part of metadata that this project reads and writes; the API server owns its schema. */
export const metadataSchema = z.looseObject({
  name: z.string().min(1).max(253),
  namespace: z.string().max(63).optional(),
  uid: z.string().max(64).optional(),
  generation: z.int().optional(),
  resourceVersion: z.string().optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

export type FineTuneJobSpec = z.output<typeof fineTuneJobSpecSchema>;
/** A spec as a user writes it: fields with defaults may be absent. */
export type FineTuneJobSpecInput = z.input<typeof fineTuneJobSpecSchema>;
export type Metadata = z.output<typeof metadataSchema>;

export interface FineTuneJob {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec: FineTuneJobSpec;
  readonly status?: FineTuneJobStatus | undefined;
}

/** Rules that need the whole object: the name, and the old object. */
export const FINE_TUNE_JOB_RULES: readonly CrossFieldRule<FineTuneJob>[] = [
  {
    rule: `size(self.metadata.name) <= ${MAX_JOB_NAME}`,
    message: `metadata.name must be at most ${MAX_JOB_NAME} characters, because pods are named after it`,
    holds: (job) => job.metadata.name.length <= MAX_JOB_NAME,
    field: 'metadata.name',
  },
  {
    rule: "self.spec.queueName == oldSelf.spec.queueName || !has(oldSelf.status) || !has(oldSelf.status.conditions) || !oldSelf.status.conditions.exists(c, c.type == 'Admitted' && c.status == 'True')",
    message: 'spec.queueName is immutable while the job is admitted: suspend it first',
    field: 'spec.queueName',
  },
  {
    rule: "self.spec.managedBy == oldSelf.spec.managedBy || !has(oldSelf.status) || !has(oldSelf.status.conditions) || !oldSelf.status.conditions.exists(c, c.type == 'Admitted' && c.status == 'True')",
    message: 'spec.managedBy is immutable while the job is admitted: suspend it first',
    field: 'spec.managedBy',
  },
];
