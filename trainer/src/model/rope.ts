/** How positions rotate queries and keys; the fields of `rope_parameters` (or `rope_scaling`) that the type needs. */
export type RopeConfig = { readonly theta: number } & (
  | { readonly type: 'default' }
  | { readonly type: 'linear'; readonly factor: number }
  | { readonly type: 'dynamic'; readonly factor: number; readonly maxPositions: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalMaxPositions: number;
    }
  | {
      readonly type: 'yarn';
      readonly factor: number;
      readonly originalMaxPositions: number;
      readonly attentionFactor: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly truncate: boolean;
    }
);

export interface RopeFrequencies {
  /** Radians a position, one per pair of dimensions, `[headDim / 2]`. */
  readonly inverse: Float32Array;
  /** Multiplies both cosine and sine. */
  readonly attentionScale: number;
}

/**
 * Inverse frequencies as `transformers` computes them (modeling_rope_utils.py), in float32 where it does.
 * @param sequenceLength the largest position + 1 of the batch; only `dynamic` looks at it, and at nothing before:
 *   what a batch gives does not depend on the batches that this worker has seen.
 */
export function ropeFrequencies(rope: RopeConfig, headDim: number, sequenceLength: number): RopeFrequencies {
  const { theta } = rope;
  switch (rope.type) {
    case 'default':
      return { inverse: plainFrequencies(theta, headDim), attentionScale: 1 };
    case 'linear': {
      const inverse = plainFrequencies(theta, headDim).map((frequency) => frequency / rope.factor);
      return { inverse, attentionScale: 1 };
    }
    case 'dynamic': {
      const length = Math.max(sequenceLength, rope.maxPositions);
      const stretch = (rope.factor * length) / rope.maxPositions - (rope.factor - 1);
      return {
        inverse: plainFrequencies(theta * stretch ** (headDim / (headDim - 2)), headDim),
        attentionScale: 1,
      };
    }
    case 'llama3': {
      const lowWavelength = rope.originalMaxPositions / rope.lowFrequencyFactor;
      const highWavelength = rope.originalMaxPositions / rope.highFrequencyFactor;
      const inverse = plainFrequencies(theta, headDim).map((frequency) => {
        const wavelength = (2 * Math.PI) / frequency;
        if (wavelength > lowWavelength) return frequency / rope.factor;
        if (wavelength < highWavelength) return frequency;
        const smooth =
          (rope.originalMaxPositions / wavelength - rope.lowFrequencyFactor) /
          (rope.highFrequencyFactor - rope.lowFrequencyFactor);
        return ((1 - smooth) * frequency) / rope.factor + smooth * frequency;
      });
      return { inverse, attentionScale: 1 };
    }
    default:
      return { inverse: yarnFrequencies(rope, headDim), attentionScale: rope.attentionFactor };
  }
}

function plainFrequencies(theta: number, headDim: number): Float32Array {
  const inverse = new Float32Array(headDim / 2);
  for (let pair = 0; pair < inverse.length; pair++) {
    inverse[pair] = 1 / Math.fround(theta ** Math.fround((2 * pair) / headDim));
  }
  return inverse;
}

function yarnFrequencies(rope: Extract<RopeConfig, { type: 'yarn' }>, headDim: number): Float32Array {
  const correctionDim = (rotations: number) =>
    (headDim * Math.log(rope.originalMaxPositions / (rotations * 2 * Math.PI))) / (2 * Math.log(rope.theta));
  let low = correctionDim(rope.betaFast);
  let high = correctionDim(rope.betaSlow);
  if (rope.truncate) {
    low = Math.floor(low);
    high = Math.ceil(high);
  }
  low = Math.max(low, 0);
  high = Math.min(high, headDim - 1);
  if (low === high) high += 0.001;
  return plainFrequencies(rope.theta, headDim).map((frequency, pair) => {
    const ramp = Math.min(1, Math.max(0, (pair - low) / (high - low)));
    return (frequency / rope.factor) * ramp + frequency * (1 - ramp);
  });
}

/** YaRN's temperature for a context stretched `scale` times. */
export function yarnMscale(scale: number, mscale = 1): number {
  return scale <= 1 ? 1 : 0.1 * mscale * Math.log(scale) + 1;
}

/** Cosine and sine of the rotation by position, `[positions, headDim / 2]` each, for positions 0 .. `positions` - 1. */
export function rotationTables(
  rope: RopeConfig,
  headDim: number,
  positions: number,
): { cos: Float32Array; sin: Float32Array } {
  const { inverse, attentionScale } = ropeFrequencies(rope, headDim, positions);
  const cos = new Float32Array(positions * inverse.length);
  const sin = new Float32Array(cos.length);
  for (let position = 0, at = 0; position < positions; position++) {
    for (const frequency of inverse) {
      const angle = Math.fround(position * frequency);
      cos[at] = Math.cos(angle) * attentionScale;
      sin[at] = Math.sin(angle) * attentionScale;
      at++;
    }
  }
  return { cos, sin };
}
