import type { Filler } from './filler.js';
import type { Training } from './training.js';

/** What is known of data and model before training; what is not known changes no default. */
export interface ResolveFacts {
  /** Examples of the training split. */
  readonly trainExamples?: number | undefined;
  /** Width of the base model. */
  readonly hiddenSize?: number | undefined;
}

/** Steps below which even a high learning rate teaches little. */
const LEAST_STEPS = 100;
const LEAST_EPOCHS = 3;
/** More passes are learned by heart. */
const MOST_EPOCHS = 10;
/** Width from which on the published learning rates hold; below it the best rate grows as the width shrinks. */
const USUAL_WIDTH = 2048;
const MOST_FASTER = 16;

/** The global batch: smaller for few rows, so that an epoch has steps enough. */
export function resolveBatchSize(
  { batchSize, microBatchSize }: Training,
  { trainExamples = Infinity }: ResolveFacts,
  fill: Filler,
): number {
  const size = trainExamples < 64 ? 4 : trainExamples < 256 ? 8 : 16;
  const fallback = microBatchSize === undefined ? size : Math.ceil(size / microBatchSize) * microBatchSize;
  const why =
    size === 16
      ? 'a steady gradient at little cost in steps'
      : `${trainExamples} training examples are few: smaller batches make more steps of them`;
  return fill.pick('training.batchSize', batchSize, fallback, why);
}

/** How long training lasts: three passes, and more of a small data set. */
export function resolveDuration(
  { steps, epochs }: Training,
  { batchSize, trainExamples }: ResolveFacts & { readonly batchSize: number },
  fill: Filler,
): { readonly steps: number } | { readonly epochs: number } {
  if (steps !== undefined) return { steps };
  const perEpoch = trainExamples === undefined ? Infinity : Math.max(1, Math.ceil(trainExamples / batchSize));
  const passes = Math.min(MOST_EPOCHS, Math.max(LEAST_EPOCHS, Math.ceil(LEAST_STEPS / perEpoch)));
  const why =
    passes === LEAST_EPOCHS
      ? 'three passes learn a small data set without repeating it too often'
      : `${trainExamples} training examples make ${perEpoch} steps a pass: ${passes} passes are ${passes * perEpoch} steps`;
  return { epochs: fill.pick('training.epochs', epochs, passes, why) };
}

/** The published rate, for narrower models a higher one: with Adam the best rate is inverse to the width (muP, Yang et al. 2022). */
export function rateForWidth(
  rate: number,
  why: string,
  { hiddenSize }: ResolveFacts,
): readonly [number, string] {
  const factor = hiddenSize === undefined ? 1 : Math.min(MOST_FASTER, USUAL_WIDTH / hiddenSize);
  if (factor <= 1) return [rate, why];
  return [
    Number((rate * factor).toPrecision(2)),
    `${why}; a model only ${hiddenSize} wide bears ${Number(factor.toPrecision(2))} times the rate of one of ${USUAL_WIDTH}`,
  ];
}
