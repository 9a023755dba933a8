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

/**
 * One AdamW step of torch (decoupled decay, bias correction, epsilon outside the corrected root), in place. Each
 * element depends on its own history alone, and every operation is an IEEE one, so the same inputs give the same
 * bits on every machine.
 * @param gradientScale multiplies the gradient first (normalisation times clipping).
 * @param step 1-based.
 */
export function adamwStep(
  parameters: Float32Array,
  gradient: Float32Array,
  moments: Moments,
  ranges: readonly ParameterRange[],
  options: AdamWOptions & {
    readonly learningRate: number;
    readonly gradientScale: number;
    readonly step: number;
  },
): void {
  const { beta1, beta2, epsilon, weightDecay, gradientScale, step } = options;
  const firstCorrection = 1 - beta1 ** step;
  const secondRoot = Math.sqrt(1 - beta2 ** step);
  const { first, second } = moments;
  for (const range of ranges) {
    const learningRate = options.learningRate * range.learningRateFactor;
    const keep = range.decays ? 1 - learningRate * weightDecay : 1;
    const stepSize = learningRate / firstCorrection;
    const end = range.offset + range.size;
    for (let index = range.offset; index < end; index++) {
      const slope = (gradient[index] ?? 0) * gradientScale;
      const mean = (first[index] ?? 0) * beta1 + slope * (1 - beta1);
      const square = (second[index] ?? 0) * beta2 + slope * slope * (1 - beta2);
      first[index] = mean;
      second[index] = square;
      const denominator = Math.sqrt(square) / secondRoot + epsilon;
      parameters[index] = (parameters[index] ?? 0) * keep - (stepSize * mean) / denominator;
    }
  }
}

/**
 * Whether weight decay applies: not to biases and not to norms (also GPT-2's `ln_1`, `ln_f`).
 * @param name full parameter name.
 */
export function decays(name: string): boolean {
  return !name.endsWith('bias') && !name.includes('norm') && !name.includes('.ln_');
}
