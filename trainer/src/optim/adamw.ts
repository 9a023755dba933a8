import { adamwUpdate } from '../tensor/index.js';

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** A run of the flat parameter vector with one learning rate and one decay. */
export interface ParameterRange {
  readonly offset: number;
  readonly size: number;
  /** Multiplies the step's learning rate (LoRA+ gives B a larger one). */
  readonly learningRateFactor: number;
  /** False for biases and norms. */
  readonly decays: boolean;
}

/** First and second moments, one element per parameter. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

export interface StepOptions extends AdamWOptions {
  readonly learningRate: number;
  /** Multiplies the gradient first: normalisation times clipping. */
  readonly gradientScale: number;
  /** 1-based. */
  readonly step: number;
}

/**
 * One AdamW step over the flat vector, in place, range by range with torch's rounding. Each element depends on its
 * own history alone, so the same inputs give the same bits on every worker.
 */
export function adamwStep(
  parameters: Float32Array,
  gradient: Float32Array,
  moments: Moments,
  ranges: readonly ParameterRange[],
  { gradientScale, learningRate, weightDecay, ...rest }: StepOptions,
): void {
  for (const { offset, size, learningRateFactor, decays } of ranges) {
    const end = offset + size;
    adamwUpdate(
      parameters.subarray(offset, end),
      gradient.subarray(offset, end).map((slope) => slope * gradientScale),
      moments.first.subarray(offset, end),
      moments.second.subarray(offset, end),
      { ...rest, learningRate: learningRate * learningRateFactor, weightDecay: decays ? weightDecay : 0 },
    );
  }
}

/**
 * Whether weight decay applies: not to biases and not to norms (also GPT-2's `ln_1`, `ln_f`).
 * @param name full parameter name.
 */
export function decays(name: string): boolean {
  return !name.endsWith('bias') && !name.includes('norm') && !name.includes('.ln_');
}
