import { dynamicMap, NF4_BLOCK, NF4_LEVELS, SCALE_BLOCK } from './codebook.js';
import { torchSum } from './torch-sum.js';

/** A tensor in NF4, in host memory: 4 bits a weight plus the block scales. */
export interface Nf4Data {
  /** Number of weights. */
  readonly size: number;
  /** Two codes a byte, the first in the high half: ceil(size / 2) bytes. */
  readonly packed: Uint8Array;
  readonly scales: PlainScales | DoubleScales;
}

/** One float32 scale (largest magnitude) a block of {@link NF4_BLOCK} weights. */
export interface PlainScales {
  readonly kind: 'plain';
  readonly absmax: Float32Array;
}

/** Scales quantized to 8 bits: scale = dynamicMap[code] * superScale + offset. */
export interface DoubleScales {
  readonly kind: 'double';
  readonly codes: Uint8Array;
  /** One a block of {@link SCALE_BLOCK} scales. */
  readonly superScales: Float32Array;
  /** Mean of the scales. */
  readonly offset: number;
}

export interface QuantizeOptions {
  /** True also quantizes the block scales to 8 bits (4.127 instead of 4.5 bits a weight). */
  readonly double: boolean;
}

/** Blocks whose largest magnitude is below this count as zero. */
const TINY = Math.fround(1e-38);

/**
 * Blockwise NF4 of a row-major tensor; the last block may be short. Dettmers et al. 2023; the float32 arithmetic
 * follows bitsandbytes (multiply by the reciprocal of the scale, strict comparison with the midpoints of the levels).
 */
export function quantizeNf4(weights: Float32Array, { double }: QuantizeOptions): Nf4Data {
  const absmax = blockMaxima(weights, NF4_BLOCK);
  const codes = nearestLevels(weights, absmax, NF4_BLOCK, NF4_LEVELS);
  const packed = new Uint8Array(Math.ceil(weights.length / 2));
  const zero = NF4_LEVELS.indexOf(0);
  for (let i = 0; i < packed.length; i++)
    packed[i] = ((codes[2 * i] ?? zero) << 4) | (codes[2 * i + 1] ?? zero);
  const scales = double ? quantizeScales(absmax) : ({ kind: 'plain', absmax } as const);
  return { size: weights.length, packed, scales };
}

/** The inverse of {@link quantizeNf4}: level * scale in float32. */
export function dequantizeNf4(data: Nf4Data): Float32Array {
  const scales = dequantizeScales(data.scales);
  const weights = new Float32Array(data.size);
  for (let i = 0; i < data.size; i++) {
    const byte = data.packed[i >>> 1] ?? 0;
    const level = NF4_LEVELS[(i & 1) === 0 ? byte >>> 4 : byte & 15] ?? 0;
    weights[i] = level * (scales[Math.floor(i / NF4_BLOCK)] ?? 0);
  }
  return weights;
}

/** Block scales in float32. */
export function dequantizeScales(scales: PlainScales | DoubleScales): Float32Array {
  if (scales.kind === 'plain') return scales.absmax;
  const { codes, superScales, offset } = scales;
  const map = dynamicMap();
  return Float32Array.from(codes, (code, i) =>
    Math.fround(Math.fround((map[code] ?? 0) * (superScales[Math.floor(i / SCALE_BLOCK)] ?? 0)) + offset),
  );
}

/** Block scales to 8 bits, less their mean. */
export function quantizeScales(absmax: Float32Array): DoubleScales {
  const offset = absmax.length === 0 ? 0 : Math.fround(torchSum(absmax) / absmax.length);
  const centered = absmax.map((scale) => Math.fround(scale - offset));
  const superScales = blockMaxima(centered, SCALE_BLOCK).map((scale) => Math.max(scale, TINY));
  return {
    kind: 'double',
    codes: nearestLevels(centered, superScales, SCALE_BLOCK, dynamicMap()),
    superScales,
    offset,
  };
}

function blockMaxima(values: Float32Array, block: number): Float32Array {
  const maxima = new Float32Array(Math.ceil(values.length / block));
  values.forEach((value, i) => {
    const at = Math.floor(i / block);
    maxima[at] = Math.max(maxima[at] ?? 0, Math.abs(value));
  });
  return maxima;
}

/** Index of the level nearest to value / scale; a value on a midpoint takes the lower level. */
function nearestLevels(
  values: Float32Array,
  scales: Float32Array,
  block: number,
  levels: Float32Array,
): Uint8Array {
  const midpoints = levels.slice(1).map((level, i) => ((levels[i] ?? 0) + level) / 2);
  const reciprocals = scales.map((scale) => 1 / Math.max(scale, TINY));
  const codes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const scaled = Math.fround((values[i] ?? 0) * (reciprocals[Math.floor(i / block)] ?? 0));
    codes[i] = countBelow(midpoints, Math.min(1, Math.max(-1, scaled)));
  }
  return codes;
}

/** How many of the ascending `midpoints` are below `value`. */
function countBelow(midpoints: Float32Array, value: number): number {
  let low = 0;
  let high = midpoints.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((midpoints[middle] ?? Infinity) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
