/** The 16 NormalFloat-4 levels (Dettmers et al. 2023, appendix E): quantiles of N(0, 1) scaled to [-1, 1], with 0. */
export const NF4_LEVELS = Float32Array.of(
  -1,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1,
);

/** Weights a block; each block has one scale, its largest magnitude. */
export const NF4_BLOCK = 64;
/** Block scales that share one second-level scale under double quantization. */
export const SCALE_BLOCK = 256;

/**
 * The 256 levels of the signed dynamic 8-bit map that double quantization stores block scales with: seven decades,
 * decade i holding 2^i levels of each sign evenly inside 0.1..1 of it, plus 0 and 1. Dettmers 2016; the arithmetic
 * follows bitsandbytes' create_dynamic_map(signed, 7, 8) step by step in float32, so that the bits agree.
 */
export function dynamicMap(): Float32Array {
  const f32 = Math.fround;
  const levels: number[] = [0, 1];
  for (let decade = 0; decade < 7; decade++) {
    const intervals = 2 ** decade;
    const boundaries = linspaceF32(0.1, 1, intervals + 1);
    const factor = 10 ** (decade - 6);
    for (let i = 0; i < intervals; i++) {
      const middle = f32(f32((boundaries[i] ?? 0) + (boundaries[i + 1] ?? 0)) / 2);
      const level = f32(f32(factor) * middle);
      levels.push(level, -level);
    }
  }
  return Float32Array.from(levels).sort();
}

/** torch.linspace in float32: from the start in the first half, from the end in the second, each with one rounding. */
function linspaceF32(start: number, end: number, count: number): number[] {
  const f32 = Math.fround;
  const step = f32(f32(f32(end) - f32(start)) / (count - 1));
  return Array.from({ length: count }, (_, i) =>
    i < count / 2 ? f32(f32(start) + step * i) : f32(f32(end) - step * (count - 1 - i)),
  );
}
