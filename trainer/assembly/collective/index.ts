// Kernels of the all-reduce. They work on blocks of whole 128-byte lines in a memory of their own.

const LINE: usize = 128;

/** target = left + right, each sum rounded to f32 once; `bytes` is a multiple of 128. */
export function addFloats(target: usize, left: usize, right: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 64) {
    v128.store(target + at, f32x4.add(v128.load(left + at), v128.load(right + at)));
    v128.store(target + at, f32x4.add(v128.load(left + at, 16), v128.load(right + at, 16)), 16);
    v128.store(target + at, f32x4.add(v128.load(left + at, 32), v128.load(right + at, 32)), 32);
    v128.store(target + at, f32x4.add(v128.load(left + at, 48), v128.load(right + at, 48)), 48);
  }
}

/** Four counters to four evenly spread numbers of 32 bits: xor, shift and multiply, as in the finalizers of hashes. */
function spread(counters: v128, seed: v128): v128 {
  let x = v128.xor(i32x4.mul(counters, i32x4.splat(<i32>0x9e3779b1)), seed);
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x7feb352d));
  return v128.xor(x, i32x4.shr_u(x, 15));
}

/**
 * The upper halves of four f32, rounded up with the probability that makes the mean right: `dither` is even in
 * 0..65535. Infinities stay; a NaN stays one.
 */
function round(values: v128, dither: v128): v128 {
  const exponent = i32x4.splat(0x7f800000);
  const special = i32x4.eq(v128.and(values, exponent), exponent);
  const quiet = v128.and(f32x4.ne(values, values), i32x4.splat(0x00400000));
  const raised = i32x4.add(values, v128.andnot(dither, special));
  return i32x4.shr_u(v128.or(raised, quiet), 16);
}

/** Rounds elements counter * 2 .. counter * 2 + 7. */
function roundEight(low: v128, high: v128, counters: v128, seed: v128): v128 {
  const dither = spread(counters, seed);
  return i16x8.narrow_i32x4_u(
    round(low, v128.and(dither, i32x4.splat(0xffff))),
    round(high, i32x4.shr_u(dither, 16)),
  );
}

/** Target of bf16 from source of f32; `bytes` of the target are a multiple of 128; `first` element a multiple of 8. */
export function roundFloats(target: usize, source: usize, bytes: usize, seed: i32, first: i32): void {
  const seeds = i32x4.splat(seed);
  let counters = i32x4.add(i32x4.splat(first >> 1), i32x4(0, 1, 2, 3));
  for (let at: usize = 0; at < bytes; at += 16) {
    const rounded = roundEight(v128.load(source + 2 * at), v128.load(source + 2 * at, 16), counters, seeds);
    v128.store(target + at, rounded);
    counters = i32x4.add(counters, i32x4.splat(4));
  }
}

/** target = left + right, all of bf16, each sum made in f32 and rounded once; otherwise as {@link roundFloats}. */
export function addHalves(
  target: usize,
  left: usize,
  right: usize,
  bytes: usize,
  seed: i32,
  first: i32,
): void {
  const seeds = i32x4.splat(seed);
  let counters = i32x4.add(i32x4.splat(first >> 1), i32x4(0, 1, 2, 3));
  for (let at: usize = 0; at < bytes; at += 16) {
    const a = v128.load(left + at);
    const b = v128.load(right + at);
    const low = f32x4.add(
      i32x4.shl(i32x4.extend_low_i16x8_u(a), 16),
      i32x4.shl(i32x4.extend_low_i16x8_u(b), 16),
    );
    const high = f32x4.add(
      i32x4.shl(i32x4.extend_high_i16x8_u(a), 16),
      i32x4.shl(i32x4.extend_high_i16x8_u(b), 16),
    );
    v128.store(target + at, roundEight(low, high, counters, seeds));
    counters = i32x4.add(counters, i32x4.splat(4));
  }
}

/** Target of f32 from source of bf16; `bytes` of the source are a multiple of 128. */
export function widenHalves(target: usize, source: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    const halves = v128.load(source + at);
    v128.store(target + 2 * at, i32x4.shl(i32x4.extend_low_i16x8_u(halves), 16));
    v128.store(target + 2 * at, i32x4.shl(i32x4.extend_high_i16x8_u(halves), 16), 16);
  }
}

function mix(sum: v128, source: usize): v128 {
  const product = i32x4.mul(v128.xor(sum, v128.load(source)), i32x4.splat(<i32>0x9e3779b1));
  return v128.or(i32x4.shl(product, 13), i32x4.shr_u(product, 19));
}

/**
 * Continues a checksum of 32 lanes of u32 at `state` with `bytes` (a multiple of 128) from `source`. Per lane: xor with
 * the data, times an odd number, rotated; so any change of one word changes its lane for sure.
 */
export function checksumLines(state: usize, source: usize, bytes: usize): void {
  let a = v128.load(state);
  let b = v128.load(state, 16);
  let c = v128.load(state, 32);
  let d = v128.load(state, 48);
  let e = v128.load(state, 64);
  let f = v128.load(state, 80);
  let g = v128.load(state, 96);
  let h = v128.load(state, 112);
  for (const end = source + bytes; source < end; source += LINE) {
    a = mix(a, source);
    b = mix(b, source + 16);
    c = mix(c, source + 32);
    d = mix(d, source + 48);
    e = mix(e, source + 64);
    f = mix(f, source + 80);
    g = mix(g, source + 96);
    h = mix(h, source + 112);
  }
  v128.store(state, a);
  v128.store(state, b, 16);
  v128.store(state, c, 32);
  v128.store(state, d, 48);
  v128.store(state, e, 64);
  v128.store(state, f, 80);
  v128.store(state, g, 96);
  v128.store(state, h, 112);
}
