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
