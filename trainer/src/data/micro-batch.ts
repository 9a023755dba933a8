/** The label of a position that is not trained (padding, prompt). Same value as PyTorch's `ignore_index`. */
export const IGNORED_LABEL = -100;

/**
 * The unit of gradient computation: fixed shape, fixed content, computed by exactly one worker.
 * All arrays are row-major `[batch, length]`.
 */
export interface MicroBatch {
  /** Sequences (rows). */
  readonly batch: number;
  /** Tokens a row, padding included. */
  readonly length: number;
  /** Token ids; padding is any valid id. */
  readonly inputIds: Int32Array;
  /**
   * Hugging Face convention: the label at position t is the token id at t, or {@link IGNORED_LABEL}; the loss
   * shifts, so that position t-1 predicts it. The label at t = 0 counts only where virtual tokens stand before it.
   */
  readonly labels: Int32Array;
  /** Positions for RoPE or learned positions; restart at 0 with every packed example. */
  readonly positionIds: Int32Array;
  /** 0 = padding; a token attends to earlier tokens of its own row with the same non-zero segment only. */
  readonly segmentIds: Int32Array;
}

/** What every worker derives alike from the same data and seed: which examples make which micro-batch. */
export interface BatchPlan {
  /** Optimizer steps of the whole run. */
  readonly totalSteps: number;
  /** Steps in one pass over the training data. */
  readonly stepsPerEpoch: number;
  /** Micro-batches of every global batch, whatever the number of workers. */
  readonly microBatchesPerStep: number;
  /** Share of padding in the training micro-batches, 0..1. */
  readonly paddingShare: number;
  /** Tokens of the longest row of a training micro-batch, padding included. */
  readonly longestRow: number;
  /**
   * Micro-batch `index` (0-based) of optimizer step `step` (1-based). A pure function of data and seed.
   * The last micro-batches of an epoch may be empty (`batch` 0) when the data does not divide.
   */
  microBatch(step: number, index: number): MicroBatch;
  /** Micro-batches of the validation split; each is evaluated once. */
  readonly validationBatches: number;
  validationBatch(index: number): MicroBatch;
}
