import { z } from 'zod';
import { conditionSchema, PHASES, WAITING_REASONS } from './conditions.js';
import { datasetSchema } from './dataset.js';
import { methodSchema } from './method.js';
import { choice, documented, instant, integer, keyedList, list, text } from './schema.js';
import { trainingSchema } from './training.js';

const count = (description: string) => integer(description, 0, Number.MAX_SAFE_INTEGER);
const figure = (description: string) => z.number().meta({ description });
const seconds = (description: string) => z.number().min(0).meta({ description });

const queue = documented('Why the job waits.', {
  position: count(
    'Place among the jobs of its queue that can be admitted, from 1. Absent: it cannot be admitted before something is changed, so it has no place.',
  ).optional(),
  ahead: count('Jobs of the queue before it. Absent: it has no place.').optional(),
  reason: choice('Why, in one word.', WAITING_REASONS),
  message: text('Why, with the numbers: which quota, how many GPUs short, and what to do.', 1024),
  largestGangThatFits: count('Workers that could start now, were it its turn.').optional(),
  estimatedStartTime: instant('When it may start, if it can be told.').optional(),
});

const resolved = documented(
  'What was filled in where the spec leaves a field out, or capped, and why. All other fields are as the spec gives them, or have their default.',
  {
    model: documented('The commit of the hub that every worker and every attempt loads.', {
      source: text('spec.model.source that was looked up.', 2048),
      revision: text('spec.model.revision that was looked up.', 128).optional(),
      commit: text('The commit that it was at then.', 40),
    }).optional(),
    method: methodSchema.optional(),
    training: trainingSchema.optional(),
    dataset: datasetSchema.optional(),
    reasons: list(
      'One entry for each field that the user left out, or that is capped.',
      documented('A filled field.', {
        field: text('Path under spec.', 128),
        reason: text('Why it has this value.', 512),
      }),
      128,
    ).optional(),
  },
);

const placement = documented('Where the workers were planned to run.', {
  flavor: text('Kind of GPU.', 63),
  resource: text('Extended resource that the pods ask for.', 317),
  nodes: list('Node of each worker, by worker index.', text('A node.', 253), 4096),
  time: instant('When it was admitted.'),
  gpusPerWorker: integer(
    'GPUs of each worker, as admitted; a change of the spec counts from the next admission.',
    1,
    64,
  ).optional(),
  growsFrom: instant(
    'A job with fewer workers than it may have gets more no sooner than this (the controller waits --resize-cooldown after each change).',
  ).optional(),
  queueName: text('The GpuQueue whose quota it uses, as admitted.', 253).optional(),
  lost: list(
    'Workers, by index, whose node is gone or takes nothing any more, until they get another.',
    integer('Worker index.', 0, 4095),
    4096,
  ).optional(),
});

const artifact = documented('Something that the job wrote.', {
  format: text('Such as peft.', 32),
  uri: text('Where it lies.', 2048),
  digest: text('sha256:<hex>.', 80).optional(),
  bytes: count('Size.').optional(),
});

/** What the controller knows of a job; written by the controller alone. */
export const fineTuneJobStatusSchema = documented('What the controller knows of the job.', {
  queueName: text(
    'The GpuQueue that the job waits in or uses: spec.queueName, or the default of the namespace when it was first seen.',
    253,
  ).optional(),
  conditions: keyedList('What holds for the job.', 'type', conditionSchema, 16).optional(),
  observedGeneration: count('metadata.generation that this status is about.').optional(),
  phase: choice('One word, derived from the conditions.', PHASES).optional(),
  queue: queue.optional(),
  resolved: resolved.optional(),
  memory: documented(
    'What a worker needs of each of its GPUs, where the sizes of the base model are known.',
    {
      bytesPerGpu: count('Estimate; GPUs with less memory are not taken.'),
      hostBytes: count("Estimate of the host's memory that it needs beside them.").optional(),
      message: text('What makes it up.', 512),
    },
  ).optional(),
  placement: placement.optional(),
  workers: documented('The gang.', {
    desired: count('Workers that it was admitted with.'),
    ready: count('Workers that take part in the training.'),
    generation: count('Number of the current membership.').optional(),
    selector: text('Label selector of the pods.', 512).optional(),
  }).optional(),
  progress: documented('How far training is.', {
    step: count('Committed steps.'),
    totalSteps: count('Steps of the whole training.').optional(),
    epoch: figure('Passes over the data so far.').optional(),
    trainLoss: figure('Nats per trained token at this step.').optional(),
    evalLoss: figure('Nats per token on the validation split, last evaluation.').optional(),
    learningRate: figure('At this step.').optional(),
    tokensPerSecond: figure('Trained tokens per second of the whole job.').optional(),
    estimatedCompletionTime: instant('When training ends at this pace.').optional(),
  }).optional(),
  checkpoint: documented('The newest checkpoint.', {
    step: count('Its step.'),
    time: instant('When it was reported.'),
    uri: text('Where it lies.', 2048),
    digest: text('sha256:<hex>.', 80).optional(),
  }).optional(),
  resumedFrom: documented('The checkpoint that training went on from last. Absent: it began anew.', {
    step: count('Its step.'),
    uri: text('Where it lies.', 2048),
    time: instant('When it was reported.'),
    job: text(
      'namespace/name of the job that wrote it, where that is not this one; unknown where it does not say.',
      512,
    ).optional(),
    uid: text('metadata.uid of the job that wrote it, where that is another one.', 64).optional(),
  }).optional(),
  columns: documented('What kubectl get shows, in words; each stands in another field as it is.', {
    gpus: text('GPUs that the job holds.', 16).optional(),
    flavor: text('Kind of these GPUs.', 63).optional(),
    step: text('Committed steps of all steps, such as 664/1000.', 64).optional(),
    loss: text('Nats per trained token, rounded.', 32).optional(),
    left: text('Time until training ends at this pace, as of the last step, such as 12m.', 32).optional(),
    missing: text('Which workers are missing and why, while it holds GPUs.', 256).optional(),
    message: text('Why it waits, failed or lacks workers, as far as a column has room.', 256).optional(),
  }).optional(),
  startTime: instant('When the job was admitted first.').optional(),
  completionTime: instant('When the job ended.').optional(),
  activeSecondsBefore: seconds(
    'Seconds that earlier attempts held GPUs; counts towards activeDeadlineSeconds.',
  ).optional(),
  attempt: count('Number of the current attempt at running the gang; its pods carry it.').optional(),
  requeueAt: instant('Not admitted again before this time.').optional(),
  restarts: count('Failures of workers that were tried again; counts towards backoffLimit.').optional(),
  replacements: count(
    'Workers that lost their node and went on on another; does not count towards backoffLimit.',
  ).optional(),
  refusedNodes: keyedList(
    'Nodes that did not take a worker of the job lately; others are preferred.',
    'node',
    documented('A node that refused a worker.', {
      node: text('The node.', 253),
      reason: text('Why, in the words of the scheduler or of the node.', 256),
      time: instant('When, last.'),
    }),
    32,
  ).optional(),
  evictions: count('Times that the job had to give its GPUs back.').optional(),
  microBatchSize: integer(
    'training.microBatchSize after a worker ran out of memory; batchSize stays the same. Done once.',
    1,
    4096,
  ).optional(),
  lastFailure: documented('The failure that the last restart was for.', {
    reason: text('UserError, DataError, OutOfMemory, Infrastructure or Diverged.', 64),
    message: text('What the worker said.', 1024),
    time: instant('When it was seen.'),
  }).optional(),
  gpuSecondsUsed: seconds('GPU-seconds that the job held.').optional(),
  gpuSecondsLost: seconds('GPU-seconds whose work was lost by failures and evictions.').optional(),
  artifacts: list('What the job wrote.', artifact, 16).optional(),
  evaluation: keyedList(
    'Figures on the held-out test split.',
    'metric',
    documented('A figure.', {
      metric: text('Such as exactMatch.', 64),
      base: figure('Of the model before tuning.').optional(),
      tuned: figure('Of the tuned model.'),
      examples: count('Examples that it was measured on.'),
    }),
    32,
  ).optional(),
});

export type FineTuneJobStatus = z.output<typeof fineTuneJobStatusSchema>;
export type QueueStatus = z.output<typeof queue>;
export type Placement = z.output<typeof placement>;
