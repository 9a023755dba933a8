// C = alpha * op(A) op(B) + beta * C in row-major float32, packed into panels as in Goto & van de Geijn 2008.
import { multiplyAdd, zero } from './math';

const MR: i32 = 4;
const NR: i32 = 8;
const KC: i32 = 256;
const NC: i32 = 512;
const MC: i32 = 128;

/** Bytes of scratch that `gemm` needs. */
export function gemmScratchBytes(): i32 {
  return (KC * NC + MC * KC + MR * NR) * 4;
}

/** 4x8 tile: c += or = alpha * (panel of A) (panel of B). `stride` is the row pitch of c in bytes. */
function tile(depth: i32, a: usize, b: usize, c: usize, stride: usize, alpha: f32, accumulate: bool): void {
  let c00 = zero(), c01 = zero(), c10 = zero(), c11 = zero();
  let c20 = zero(), c21 = zero(), c30 = zero(), c31 = zero();
  for (let k = 0; k < depth; k++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = multiplyAdd(x, b0, c10);
    c11 = multiplyAdd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = multiplyAdd(x, b0, c20);
    c21 = multiplyAdd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = multiplyAdd(x, b0, c30);
    c31 = multiplyAdd(x, b1, c31);
    a += 16;
    b += 32;
  }
  const factor = f32x4.splat(alpha);
  put(c, f32x4.mul(factor, c00), f32x4.mul(factor, c01), accumulate);
  c += stride;
  put(c, f32x4.mul(factor, c10), f32x4.mul(factor, c11), accumulate);
  c += stride;
  put(c, f32x4.mul(factor, c20), f32x4.mul(factor, c21), accumulate);
  c += stride;
  put(c, f32x4.mul(factor, c30), f32x4.mul(factor, c31), accumulate);
}

// @ts-ignore: decorator
@inline
function put(c: usize, low: v128, high: v128, accumulate: bool): void {
  if (accumulate) {
    low = f32x4.add(v128.load(c), low);
    high = f32x4.add(v128.load(c, 16), high);
  }
  v128.store(c, low);
  v128.store(c, high, 16);
}

/** Packs depth x columns of op(B) into panels of NR columns, padded with zeros. */
function packB(to: usize, b: usize, pitch: usize, transposed: bool, depth: i32, columns: i32): void {
  for (let j = 0; j < columns; j += NR) {
    const width = min<i32>(NR, columns - j);
    if (!transposed) {
      let from = b + (<usize>j << 2);
      if (width == NR) {
        for (let k = 0; k < depth; k++) {
          v128.store(to, v128.load(from));
          v128.store(to, v128.load(from, 16), 16);
          to += 32;
          from += pitch;
        }
      } else {
        for (let k = 0; k < depth; k++) {
          for (let t = 0; t < NR; t++)
            store<f32>(to + (<usize>t << 2), t < width ? load<f32>(from + (<usize>t << 2)) : 0);
          to += 32;
          from += pitch;
        }
      }
    } else {
      packTransposed(to, b + <usize>j * pitch, pitch, depth, width, NR);
      to += <usize>depth * 32;
    }
  }
}

/** Packs rows x depth of op(A) into panels of MR rows, padded with zeros. */
function packA(to: usize, a: usize, pitch: usize, transposed: bool, rows: i32, depth: i32): void {
  for (let i = 0; i < rows; i += MR) {
    const height = min<i32>(MR, rows - i);
    if (!transposed) {
      packTransposed(to, a + <usize>i * pitch, pitch, depth, height, MR);
      to += <usize>depth * 16;
    } else {
      let from = a + (<usize>i << 2);
      if (height == MR) {
        for (let k = 0; k < depth; k++) {
          v128.store(to, v128.load(from));
          to += 16;
          from += pitch;
        }
      } else {
        for (let k = 0; k < depth; k++) {
          for (let t = 0; t < MR; t++)
            store<f32>(to + (<usize>t << 2), t < height ? load<f32>(from + (<usize>t << 2)) : 0);
          to += 16;
          from += pitch;
        }
      }
    }
  }
}

/** `lines` rows of `depth` floats become columns of a panel `width` wide: 4x4 blocks are transposed in registers. */
function packTransposed(to: usize, from: usize, pitch: usize, depth: i32, lines: i32, width: i32): void {
  const step = <usize>width << 2;
  for (let group = 0; group < width; group += 4) {
    const p0 = from + <usize>group * pitch;
    let target = to + (<usize>group << 2);
    if (group + 4 <= lines) {
      const p1 = p0 + pitch, p2 = p1 + pitch, p3 = p2 + pitch;
      let k: usize = 0;
      const whole = <usize>(depth & ~3) << 2, end = <usize>depth << 2;
      for (; k < whole; k += 16) {
        const r0 = v128.load(p0 + k), r1 = v128.load(p1 + k), r2 = v128.load(p2 + k), r3 = v128.load(p3 + k);
        const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), b = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
        const c = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), d = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
        v128.store(target, v128.shuffle<f32>(a, c, 0, 1, 4, 5));
        v128.store(target + step, v128.shuffle<f32>(a, c, 2, 3, 6, 7));
        v128.store(target + 2 * step, v128.shuffle<f32>(b, d, 0, 1, 4, 5));
        v128.store(target + 3 * step, v128.shuffle<f32>(b, d, 2, 3, 6, 7));
        target += 4 * step;
      }
      for (; k < end; k += 4) {
        store<f32>(target, load<f32>(p0 + k));
        store<f32>(target, load<f32>(p1 + k), 4);
        store<f32>(target, load<f32>(p2 + k), 8);
        store<f32>(target, load<f32>(p3 + k), 12);
        target += step;
      }
    } else {
      for (let k = 0; k < depth; k++) {
        for (let t = 0; t < 4; t++)
          store<f32>(
            target + (<usize>t << 2),
            group + t < lines ? load<f32>(p0 + <usize>t * pitch + (<usize>k << 2)) : 0,
          );
        target += step;
      }
    }
  }
}

function scaleRows(c: usize, pitch: usize, rows: i32, columns: i32, beta: f32): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const p = c + (<usize>j << 2);
      store<f32>(p, beta == 0 ? 0 : load<f32>(p) * beta);
    }
    c += pitch;
  }
}

/**
 * op(A) is m x k, op(B) is k x n, C is m x n; lda, ldb, ldc are row pitches in floats. With beta 0, C is not read.
 * `scratch` holds gemmScratchBytes().
 */
export function gemm(
  transA: bool, transB: bool, m: i32, n: i32, k: i32, alpha: f32,
  a: usize, lda: i32, b: usize, ldb: i32, beta: f32, c: usize, ldc: i32, scratch: usize,
): void {
  const pitchA = <usize>lda << 2, pitchB = <usize>ldb << 2, pitchC = <usize>ldc << 2;
  if (k == 0 || (beta != 0 && beta != 1)) scaleRows(c, pitchC, m, n, beta);
  const panelA = scratch + <usize>(KC * NC) * 4;
  const corner = panelA + <usize>(MC * KC) * 4;
  for (let n0 = 0; n0 < n; n0 += NC) {
    const columns = min<i32>(NC, n - n0);
    for (let k0 = 0; k0 < k; k0 += KC) {
      const depth = min<i32>(KC, k - k0);
      const accumulate = k0 > 0 || beta != 0;
      const bAt = transB ? b + <usize>n0 * pitchB + (<usize>k0 << 2) : b + <usize>k0 * pitchB + (<usize>n0 << 2);
      packB(scratch, bAt, pitchB, transB, depth, columns);
      for (let m0 = 0; m0 < m; m0 += MC) {
        const rows = min<i32>(MC, m - m0);
        const aAt = transA ? a + <usize>k0 * pitchA + (<usize>m0 << 2) : a + <usize>m0 * pitchA + (<usize>k0 << 2);
        packA(panelA, aAt, pitchA, transA, rows, depth);
        for (let j = 0; j < columns; j += NR) {
          const width = min<i32>(NR, columns - j);
          const bPanel = scratch + (<usize>(j * depth) << 2);
          for (let i = 0; i < rows; i += MR) {
            const height = min<i32>(MR, rows - i);
            const aPanel = panelA + (<usize>(i * depth) << 2);
            const cAt = c + <usize>(m0 + i) * pitchC + (<usize>(n0 + j) << 2);
            if (height == MR && width == NR) {
              tile(depth, aPanel, bPanel, cAt, pitchC, alpha, accumulate);
            } else {
              tile(depth, aPanel, bPanel, corner, 32, alpha, false);
              copyCorner(cAt, pitchC, corner, height, width, accumulate);
            }
          }
        }
      }
    }
  }
}

function copyCorner(c: usize, pitch: usize, corner: usize, height: i32, width: i32, accumulate: bool): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = c + (<usize>x << 2);
      const value = load<f32>(corner + (<usize>x << 2));
      store<f32>(to, accumulate ? load<f32>(to) + value : value);
    }
    c += pitch;
    corner += 32;
  }
}
