import { z } from 'zod';
import {
  FINE_TUNE_JOB_KIND,
  FINE_TUNE_JOBS,
  GPU_QUEUE_KIND,
  GPU_QUEUES,
  GROUP,
  VERSION,
} from './constants.js';
import { FINE_TUNE_JOB_RULES, fineTuneJobSpecSchema } from './fine-tune-job.js';
import { gpuQueueSpecSchema, gpuQueueStatusSchema } from './gpu-queue.js';
import { fineTuneJobStatusSchema } from './job-status.js';

type Json = { [key: string]: unknown };

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Makes the OpenAPI that zod writes structural, as the API server wants it. */
function structural(schema: Json): Json {
  const result: Json = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'additionalProperties' && isObject(schema['properties'])) continue;
    if (key === 'propertyNames') continue;
    if (key === 'properties' && isObject(value)) {
      result[key] = Object.fromEntries(
        Object.entries(value).map(([name, child]) => [name, isObject(child) ? structural(child) : child]),
      );
    } else {
      result[key] = isObject(value) ? structural(value) : value;
    }
  }
  if (result['type'] === 'integer') {
    const wide = Number(result['maximum'] ?? 0) > 2 ** 31 - 1;
    if (result['maximum'] === Number.MAX_SAFE_INTEGER) delete result['maximum'];
    result['format'] = wide ? 'int64' : 'int32';
  }
  if (result['format'] === 'date-time') {
    delete result['maxLength'];
  }
  return result;
}

/** The structural OpenAPI schema of a zod schema; throws on what the API server could not hold. */
export function toStructuralSchema(schema: z.ZodType): Json {
  return structural(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', unrepresentable: 'throw' }));
}

interface Names {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortName: string;
}

interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: number;
}

function crd(
  names: Names,
  scope: 'Namespaced' | 'Cluster',
  description: string,
  parts: {
    spec: z.ZodType;
    status: z.ZodType;
    rules: readonly { rule: string; message: string; field?: string }[];
  },
  columns: readonly Column[],
  subresources: Json,
): Json {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope,
      names: {
        kind: names.kind,
        listKind: `${names.kind}List`,
        plural: names.plural,
        singular: names.singular,
        shortNames: [names.shortName],
        categories: ['tuneyard'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources,
          additionalPrinterColumns: columns,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description,
              required: ['spec'],
              ...(parts.rules.length === 0
                ? {}
                : {
                    'x-kubernetes-validations': parts.rules.map(({ rule, message, field }) => ({
                      rule,
                      message,
                      ...(field === undefined ? {} : { fieldPath: `.${field}` }),
                    })),
                  }),
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                // A rule can only point at fields that the schema has; of metadata it may have this one.
                metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 253 } } },
                spec: toStructuralSchema(parts.spec),
                status: toStructuralSchema(parts.status),
              },
            },
          },
        },
      ],
    },
  };
}

export const fineTuneJobCrd = (): Json =>
  crd(
    { kind: FINE_TUNE_JOB_KIND, plural: FINE_TUNE_JOBS, singular: 'finetunejob', shortName: 'ftj' },
    'Namespaced',
    'A fine-tuning of a language model on a share of the GPU pool.',
    { spec: fineTuneJobSpecSchema, status: fineTuneJobStatusSchema, rules: FINE_TUNE_JOB_RULES },
    [
      {
        name: 'Queue',
        type: 'string',
        jsonPath: '.status.queueName',
        description: 'Queue whose quota it uses.',
      },
      { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where the job is.' },
      {
        name: 'Method',
        type: 'string',
        jsonPath: '.status.resolved.method.type',
        description: 'How the model is tuned.',
      },
      {
        name: 'GPUs',
        type: 'string',
        jsonPath: '.status.columns.gpus',
        description: 'GPUs that it holds.',
      },
      {
        name: 'Flavor',
        type: 'string',
        jsonPath: '.status.columns.flavor',
        description: 'Kind of these GPUs.',
      },
      {
        name: 'Priority',
        type: 'integer',
        jsonPath: '.spec.priority',
        description: 'Higher goes first within the queue.',
      },
      {
        name: 'Workers',
        type: 'integer',
        jsonPath: '.status.workers.ready',
        description: 'Workers that train.',
      },
      {
        name: 'Step',
        type: 'string',
        jsonPath: '.status.columns.step',
        description: 'Committed steps of all steps.',
      },
      {
        name: 'Loss',
        type: 'string',
        jsonPath: '.status.columns.loss',
        description: 'Nats per trained token.',
      },
      {
        name: 'ETA',
        type: 'string',
        jsonPath: '.status.columns.left',
        description: 'Time until training ends at this pace, as of the last step.',
      },
      {
        name: 'Age',
        type: 'date',
        jsonPath: '.metadata.creationTimestamp',
        description: 'Since it was created.',
      },
      {
        name: 'Ready',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="WorkersReady")].reason',
        description: 'Why workers are missing, in one word.',
      },
      {
        name: 'Missing',
        type: 'string',
        jsonPath: '.status.columns.missing',
        description: 'Why workers are missing.',
        priority: 1,
      },
      {
        name: 'Position',
        type: 'integer',
        jsonPath: '.status.queue.position',
        description: 'Place in the queue.',
        priority: 1,
      },
      {
        name: 'Message',
        type: 'string',
        jsonPath: '.status.columns.message',
        description: 'Why it waits, failed or lacks workers.',
        priority: 1,
      },
    ],
    {
      status: {},
      scale: {
        specReplicasPath: '.spec.workers.max',
        statusReplicasPath: '.status.workers.ready',
        labelSelectorPath: '.status.workers.selector',
      },
    },
  );

export const gpuQueueCrd = (): Json =>
  crd(
    { kind: GPU_QUEUE_KIND, plural: GPU_QUEUES, singular: 'gpuqueue', shortName: 'gq' },
    'Cluster',
    "A team's share of the GPU pool.",
    { spec: gpuQueueSpecSchema, status: gpuQueueStatusSchema, rules: [] },
    [
      {
        name: 'Cohort',
        type: 'string',
        jsonPath: '.spec.cohort',
        description: 'Queues that it shares with.',
      },
      {
        name: 'Pending',
        type: 'integer',
        jsonPath: '.status.pendingJobs',
        description: 'Jobs that wait and can be admitted.',
      },
      {
        name: 'Admitted',
        type: 'integer',
        jsonPath: '.status.admittedJobs',
        description: 'Jobs that hold GPUs.',
      },
      {
        name: 'Use',
        type: 'string',
        jsonPath: '.status.summary',
        description: 'GPUs used of nominal, by flavor; ending: of pods that are not gone yet.',
      },
      {
        name: 'State',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Active")].reason',
        description: 'Ready, or why jobs are not admitted.',
      },
      {
        name: 'Overcommitted',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Overcommitted")].status',
        description: 'Whether more is granted than the pool has.',
        priority: 1,
      },
      {
        name: 'Message',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Active")].message',
        description: 'The state in words.',
        priority: 1,
      },
      {
        name: 'Age',
        type: 'date',
        jsonPath: '.metadata.creationTimestamp',
        description: 'Since it was created.',
      },
    ],
    { status: {} },
  );
