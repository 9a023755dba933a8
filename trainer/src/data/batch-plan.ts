import type { TrainingConfig } from '@tuneyard/proto';
import { UserError } from '../errors.js';
import { epochOrder, packed, type EpochOptions } from './epoch-order.js';
import { layOutBatch, lengthOf, paddedLength, type Sequence } from './lay-out-batch.js';
import type { BatchPlan, MicroBatch } from './micro-batch.js';
import type { PreparedData, WeightedExamples } from './prepared-data.js';

export type BatchPlanOptions = Omit<EpochOptions, 'seed'>;

/**
 * Deals the examples into steps and micro-batches. The order of an epoch is shuffled from the seed; inside a global
 * batch the sequences are sorted by length before they are dealt, which saves padding and leaves the gradient
 * of the step as it is, because that is a sum.
 */
export function createBatchPlan(
  data: Pick<PreparedData, 'train' | 'validation' | 'padId'>,
  training: Pick<TrainingConfig, 'batchSize' | 'microBatchSize' | 'epochs' | 'steps' | 'seed'>,
  options: BatchPlanOptions,
): BatchPlan {
  const { batchSize, microBatchSize } = training;
  if (!(batchSize >= 1) || !(microBatchSize >= 1) || batchSize % microBatchSize !== 0) {
    throw new UserError(
      `training.microBatchSize (${microBatchSize}) must divide training.batchSize (${batchSize}); both at least 1.`,
    );
  }
  return new DealtBatchPlan(data, training, options);
}

class DealtBatchPlan implements BatchPlan {
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  readonly microBatchesPerStep: number;
  readonly paddingShare: number;
  readonly longestRow: number;
  readonly validationBatches: number;
  private readonly sources: readonly WeightedExamples[];
  private readonly validation: readonly Sequence[];
  private readonly padId: number;
  private readonly options: EpochOptions;
  private readonly batchSize: number;
  private readonly microBatchSize: number;
  private cached: { epoch: number; order: readonly Sequence[] } | undefined;

  constructor(
    data: Pick<PreparedData, 'train' | 'validation' | 'padId'>,
    training: Pick<TrainingConfig, 'batchSize' | 'microBatchSize' | 'epochs' | 'steps' | 'seed'>,
    options: BatchPlanOptions,
  ) {
    this.padId = data.padId;
    this.options = { packing: options.packing, maxLength: options.maxLength, seed: training.seed };
    this.batchSize = training.batchSize;
    this.microBatchSize = training.microBatchSize;
    this.microBatchesPerStep = training.batchSize / training.microBatchSize;
    this.sources = data.train.filter(({ examples }) => examples.length > 0);
    const { validation } = data;
    const rows = options.packing
      ? packed(validation, options.maxLength)
      : validation.map((example) => [example]);
    this.validation = byLength(rows);
    const size = this.orderOf(0).length;
    if (size === 0) throw new UserError('the training split is empty; there is nothing to train.');
    this.stepsPerEpoch = Math.ceil(size / this.batchSize);
    this.totalSteps = training.steps > 0 ? training.steps : Math.ceil(training.epochs * this.stepsPerEpoch);
    this.validationBatches = Math.ceil(this.validation.length / this.microBatchSize);
    ({ paddingShare: this.paddingShare, longestRow: this.longestRow } = this.measureRows());
  }

  microBatch(step: number, index: number): MicroBatch {
    return layOutBatch(this.rowsOf(step, index), this.padId);
  }

  validationBatch(index: number): MicroBatch {
    const begin = index * this.microBatchSize;
    return layOutBatch(this.validation.slice(begin, begin + this.microBatchSize), this.padId);
  }

  private rowsOf(step: number, index: number): Sequence[] {
    const epoch = Math.floor((step - 1) / this.stepsPerEpoch);
    const begin = ((step - 1) % this.stepsPerEpoch) * this.batchSize;
    const globalBatch = byLength(this.orderOf(epoch).slice(begin, begin + this.batchSize));
    return globalBatch.slice(index * this.microBatchSize, (index + 1) * this.microBatchSize);
  }

  private orderOf(epoch: number): readonly Sequence[] {
    if (this.cached?.epoch !== epoch) {
      this.cached = { epoch, order: epochOrder(this.sources, epoch, this.options) };
    }
    return this.cached.order;
  }

  private measureRows(): Pick<BatchPlan, 'paddingShare' | 'longestRow'> {
    let longestRow = 0;
    let tokens = 0;
    let positions = 0;
    for (let step = 1; step <= this.stepsPerEpoch; step++) {
      for (let index = 0; index < this.microBatchesPerStep; index++) {
        const rows = this.rowsOf(step, index);
        const length = paddedLength(rows);
        longestRow = Math.max(longestRow, length);
        positions += rows.length * length;
        tokens += rows.reduce((sum, row) => sum + lengthOf(row), 0);
      }
    }
    return { paddingShare: 1 - tokens / positions, longestRow };
  }
}

/** Longest first, so that the largest shape is met at once and not after an hour. */
function byLength(sequences: readonly Sequence[]): Sequence[] {
  return [...sequences].sort((a, b) => lengthOf(b) - lengthOf(a));
}
