import { z } from 'zod';
import { choice, documented, flag, fraction, integer, secretRef, writableUri } from './schema.js';

const positive = (description: string, maximum: number) =>
  z.number().gt(0).max(maximum).meta({ description });

const earlyStopping = documented('Stop when the metric no longer improves.', {
  metric: choice('What is watched. Default evalLoss.', ['evalLoss']).optional(),
  patience: integer(
    'Evaluations without improvement before training stops; 0 (default) is off.',
    0,
    1000,
  ).optional(),
  minDelta: fraction('Smallest change that counts as an improvement. Default 0.', 0, 1000).optional(),
});

const checkpoint = documented('What is kept to resume from.', {
  everySteps: integer(
    'Steps between checkpoints; 0 (default) writes them only when asked to.',
    0,
    1_000_000,
  ).optional(),
  keep: integer('Checkpoints kept; older ones are deleted. Default 2.', 1, 100).optional(),
  uri: writableUri('Folder for checkpoints. Default: output.uri with -checkpoints appended.').optional(),
  secretRef: secretRef('Credentials for s3://. Default: those of output, when uri is omitted.').optional(),
  resume: choice(
    'Whose checkpoints in the folder training goes on from. own (default): those of this job, by uid; a job that finds those of another one with the same settings and data fails, and says so. any: also those of another job; status.resumedFrom says whose.',
    ['own', 'any'],
  ).optional(),
});

/** The optimization: how long, how fast, how precise. */
export const trainingSchema = documented(
  'The optimization. Omitted fields are filled in for the method and shown in status.resolved with the reason.',
  {
    epochs: positive(
      'Passes over the training split; fractions are allowed. Default 3, when steps is absent too; tuneyard train takes up to 10 for small data sets.',
      10_000,
    ).optional(),
    steps: integer('Optimizer steps, instead of epochs.', 1, 100_000_000).optional(),
    batchSize: integer(
      'Sequences in a global batch, whatever the number of workers. Default 16; tuneyard train takes 8 or 4 below 256 or 64 training examples.',
      1,
      65536,
    ).optional(),
    microBatchSize: integer(
      'Sequences computed at once by one worker; divides batchSize. Default 4 or the largest divisor of batchSize below it.',
      1,
      4096,
    ).optional(),
    learningRate: positive(
      'Highest learning rate. Default by method: lora and qlora 2e-4, ptuning 1e-3, ptuning-v2 5e-3, prompt 1e-2, full 2e-5; tuneyard train takes up to 16 times as much for lora, qlora and full on models narrower than 2048.',
      10,
    ).optional(),
    scheduler: choice('Course of the learning rate after the warm-up. Default cosine.', [
      'constant',
      'linear',
      'cosine',
    ]).optional(),
    warmupRatio: fraction(
      'Share of all steps over which the learning rate rises from 0. Default 0.03.',
      0,
      0.99,
    ).optional(),
    weightDecay: fraction('Decoupled weight decay of AdamW. Default 0.', 0, 10).optional(),
    maxGradNorm: fraction(
      'Gradients are scaled down to this global L2 norm; 0 is off. Default 1.',
      0,
      10_000,
    ).optional(),
    precision: choice('Number format of the computation. Default fp32.', ['fp32', 'bf16']).optional(),
    seed: integer(
      'Seed of initialization, shuffling and dropout. Default 42.',
      0,
      Number.MAX_SAFE_INTEGER,
    ).optional(),
    evalEverySteps: integer(
      'Steps between evaluations on the validation split; 0 (default) evaluates at the end of each epoch.',
      0,
      1_000_000,
    ).optional(),
    earlyStopping: earlyStopping.optional(),
    checkpoint: checkpoint.optional(),
    beta1: fraction('Decay of the first moment of AdamW. Default 0.9.', 0, 0.999999).optional(),
    beta2: fraction('Decay of the second moment of AdamW. Default 0.999.', 0, 0.999999999).optional(),
    epsilon: positive('Added to the denominator of AdamW. Default 1e-8.', 1).optional(),
    gradientCheckpointing: flag(
      'Recompute activations in the backward pass to save memory. Default false.',
    ).optional(),
    gradientCompression: choice(
      'Format of gradients between workers. none (default): as computed. bf16: half the bytes, each sum rounded at random, unbiased, about 1 % off.',
      ['none', 'bf16'],
    ).optional(),
    verifyEverySteps: integer(
      'Every so many steps each worker also computes one micro-batch of another; where their bits differ, the step is not taken before the worker that is wrong is named and replaced. Costs one micro-batch a worker in such a step, and needs two workers (three to tell who is wrong at once). 0 (default) is never.',
      0,
      1_000_000,
    ).optional(),
  },
  [
    {
      rule: '!(has(self.epochs) && has(self.steps))',
      message: 'give epochs or steps, not both',
      holds: (value) => value.epochs === undefined || value.steps === undefined,
      field: 'steps',
    },
    {
      rule: '!has(self.batchSize) || !has(self.microBatchSize) || self.batchSize % self.microBatchSize == 0',
      message: 'microBatchSize must divide batchSize',
      holds: (value) =>
        value.batchSize === undefined ||
        value.microBatchSize === undefined ||
        value.batchSize % value.microBatchSize === 0,
      field: 'microBatchSize',
    },
  ],
);

export type Training = z.output<typeof trainingSchema>;
