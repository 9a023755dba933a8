import type { z } from 'zod';
import { conditionSchema } from './conditions.js';
import type { Metadata } from './fine-tune-job.js';
import { choice, documented, integer, keyedList, list, stringMap, text } from './schema.js';

const gpus = (description: string) => integer(description, 0, 10_000_000);

const quota = documented('A share of one flavor.', {
  flavor: text('Kind of GPU, such as H100 or A100-mig-1g.10gb.', 63),
  nominal: gpus('GPUs that the queue may always use.'),
  borrowingLimit: gpus(
    'Most GPUs above nominal that it may take from idle queues of its cohort. Default: no limit; 0: none.',
  ).optional(),
  lendingLimit: gpus('Most of its nominal GPUs that others may take while idle. Default: all.').optional(),
});

const caps = documented(
  'The most that jobs of the queue get of what they ask for; a job that asks for more gets this, and says so in status.resolved.reasons.',
  {
    checkpointGraceSeconds: integer(
      'Seconds to write a checkpoint before the workers are ended, so also until GPUs are given back. The controller has a cap of its own for all queues, --max-checkpoint-grace.',
      0,
      86_400,
    ).optional(),
    workersReadySeconds: integer(
      'Seconds in which all workers must be ready after admission.',
      1,
      86_400,
    ).optional(),
    backoffLimit: integer('Restarts after failures of the infrastructure.', 0, 1000).optional(),
    activeDeadlineSeconds: integer(
      'Seconds that a job may hold GPUs, summed over all attempts; also of jobs that name no deadline.',
      1,
      31_536_000,
    ).optional(),
    ttlSecondsAfterFinished: integer(
      'Seconds after its end until a job is deleted; also of jobs that name none.',
      0,
      31_536_000,
    ).optional(),
    priority: integer('Priority within the queue.', -1_000_000_000, 1_000_000_000).optional(),
  },
);

const priorityClass = documented('A priority that jobs may have by name.', {
  name: text('What jobs name in spec.priorityClassName.', 63).min(1),
  value: integer('Higher goes first within the queue.', -1_000_000_000, 1_000_000_000),
  namespaces: list(
    'Namespaces whose jobs may use it. Absent: all of the queue.',
    text('A namespace.', 63),
    256,
  ).optional(),
});

/** What a platform team grants to one team. */
export const gpuQueueSpecSchema = documented("A team's share of the pool.", {
  quotas: keyedList('What the queue may use, by flavor.', 'flavor', quota, 32).min(1),
  cohort: text(
    'Queues of the same cohort lend idle GPUs to each other. Absent: the queue neither lends nor borrows.',
    63,
  ).optional(),
  weight: integer('Share of borrowed GPUs relative to the other queues of the cohort.', 0, 1_000_000).default(
    1,
  ),
  namespaces: list(
    'Namespaces whose jobs may use the queue. Absent: all, if namespaceSelector is absent too.',
    text('A namespace.', 63),
    256,
  ).optional(),
  namespaceSelector: documented('Namespaces by their labels.', {
    matchLabels: stringMap('Labels that the namespace must have.', 16).optional(),
  }).optional(),
  caps: caps.optional(),
  priorityClasses: keyedList(
    'Priorities that jobs of the queue may have, by name; no others then. Jobs that name none have 0.',
    'name',
    priorityClass,
    32,
  ).optional(),
  stopPolicy: choice('none; hold admits no more jobs; holdAndDrain also evicts the running ones.', [
    'none',
    'hold',
    'holdAndDrain',
  ]).default('none'),
});

const usage = documented('Use of one flavor.', {
  flavor: text('Kind of GPU.', 63),
  nominal: gpus('GPUs granted.'),
  used: gpus('GPUs of admitted jobs, and of pods that are ending.'),
  ending: gpus(
    'Of the used GPUs, those of pods that no placement counts any more and that are not gone yet, such as of a cancelled job.',
  ).optional(),
  borrowed: gpus('Of the used GPUs, those above nominal.'),
  pending: gpus(
    'GPUs that the smallest gangs of its waiting jobs ask for, each of its first flavor that the queue has.',
  ).optional(),
  reserved: gpus('GPUs that are kept for its waiting jobs as they come free.').optional(),
});

/** What the controller knows of a queue. */
export const gpuQueueStatusSchema = documented('What the controller knows of the queue.', {
  conditions: keyedList(
    'Active: jobs are admitted; Overcommitted: the nominal quotas of all queues are more than the pool has.',
    'type',
    conditionSchema,
    8,
  ).optional(),
  observedGeneration: integer(
    'metadata.generation that this status is about.',
    0,
    Number.MAX_SAFE_INTEGER,
  ).optional(),
  pendingJobs: integer('Jobs that wait and can be admitted.', 0, 10_000_000).optional(),
  inadmissibleJobs: integer(
    'Jobs that name the queue and cannot be admitted before something is changed: suspended, invalid, of a namespace that may not use it, or larger than the queue or the pool can ever serve.',
    0,
    10_000_000,
  ).optional(),
  admittedJobs: integer('Jobs that hold GPUs.', 0, 10_000_000).optional(),
  usage: keyedList(
    'Use by flavor, also of flavors whose quota was taken away.',
    'flavor',
    usage,
    32,
  ).optional(),
  summary: text('Use of all flavors in one line, for kubectl get.', 256).optional(),
});

export type QueueCaps = z.output<typeof caps>;
export type GpuQueueSpec = z.output<typeof gpuQueueSpecSchema>;
export type GpuQueueStatus = z.output<typeof gpuQueueStatusSchema>;

export interface GpuQueue {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec: GpuQueueSpec;
  readonly status?: GpuQueueStatus | undefined;
}
