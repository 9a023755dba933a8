// Row-wise softmax of a block of attention scores, in place, with the mask of the block.
//
// A block holds `rows` query positions r0, r0 + 1, ... of one sequence. Its columns are first `prefix` prefix keys,
// always visible, then the keys c0, c0 + 1, ... up to the block's last row. Row i sees key j when j <= i,
// i - j < window (window 0 = none), and, with segments, when both are of the same non-zero segment. Every row sees
// itself, so that padding rows stay finite.
import { exp1, exp4, max4, sum4, tanh1, tanh4, zero } from './math';

const HIDDEN: f32 = -1e30;

/** score -> softcap * tanh(score * scale / softcap); softcap 0 = only scaled. `slopes` (0 = none) gets 1 - tanh^2. */
function scaleRow(p: usize, slopes: usize, columns: i32, scale: f32, softcap: f32): void {
  if (softcap == 0) {
    const s = f32x4.splat(scale);
    let j = 0;
    for (; j + 4 <= columns; j += 4) v128.store(p + (<usize>j << 2), f32x4.mul(v128.load(p + (<usize>j << 2)), s));
    for (; j < columns; j++) store<f32>(p + (<usize>j << 2), load<f32>(p + (<usize>j << 2)) * scale);
    return;
  }
  const inner: f32 = scale / softcap;
  for (let j = 0; j < columns; j++) {
    const at = p + (<usize>j << 2);
    const t = tanh1(load<f32>(at) * inner);
    store<f32>(at, t * softcap);
    if (slopes != 0) store<f32>(slopes + (<usize>j << 2), <f32>1 - t * t);
  }
}

/** Overwrites the scores that row `row` must not see. `p` points at the column of key c0; `keys` columns follow. */
function hideRow(p: usize, row: i32, c0: i32, keys: i32, window: i32, segments: usize): void {
  const first = window > 0 ? max<i32>(0, row - window + 1 - c0) : 0;
  const own = row - c0;
  for (let j = 0; j < first; j++) store<f32>(p + (<usize>j << 2), HIDDEN);
  if (segments != 0) {
    const segment = load<i32>(segments + (<usize>row << 2));
    for (let j = first; j < own; j++) {
      const other = load<i32>(segments + (<usize>(c0 + j) << 2));
      if (other != segment || segment == 0) store<f32>(p + (<usize>j << 2), HIDDEN);
    }
  }
  for (let j = own + 1; j < keys; j++) store<f32>(p + (<usize>j << 2), HIDDEN);
}

/** Where hidden, the probability is exactly zero. */
// @ts-ignore: decorator
@inline
function visibleExp4(scores: v128, shift: v128): v128 {
  return v128.and(exp4(f32x4.sub(scores, shift)), f32x4.gt(scores, f32x4.splat(HIDDEN)));
}

/** Scores become probabilities; `logSums` gets log(sum(exp(scores))) of each row. `ld` is the pitch in floats. */
export function softmaxRows(
  scores: usize, ld: i32, rows: i32, r0: i32, c0: i32, prefix: i32, keys: i32,
  scale: f32, softcap: f32, window: i32, segments: usize, logSums: usize,
): void {
  const columns = prefix + keys;
  for (let i = 0; i < rows; i++) {
    const p = scores + ((<usize>i * <usize>ld) << 2);
    scaleRow(p, 0, columns, scale, softcap);
    hideRow(p + (<usize>prefix << 2), r0 + i, c0, keys, window, segments);
    let top = f32x4.splat(HIDDEN);
    let j = 0;
    for (; j + 4 <= columns; j += 4) top = f32x4.max(top, v128.load(p + (<usize>j << 2)));
    let highest = max4(top);
    for (; j < columns; j++) highest = max<f32>(highest, load<f32>(p + (<usize>j << 2)));
    const shift = f32x4.splat(highest);
    let sums = zero();
    for (j = 0; j + 4 <= columns; j += 4) {
      const e = visibleExp4(v128.load(p + (<usize>j << 2)), shift);
      v128.store(p + (<usize>j << 2), e);
      sums = f32x4.add(sums, e);
    }
    let total = sum4(sums);
    for (; j < columns; j++) {
      const at = p + (<usize>j << 2), s = load<f32>(at);
      const e: f32 = s > HIDDEN ? exp1(s - highest) : 0;
      store<f32>(at, e);
      total += e;
    }
    const inverse: f32 = <f32>1 / total, factor = f32x4.splat(inverse);
    for (j = 0; j + 4 <= columns; j += 4)
      v128.store(p + (<usize>j << 2), f32x4.mul(v128.load(p + (<usize>j << 2)), factor));
    for (; j < columns; j++) store<f32>(p + (<usize>j << 2), load<f32>(p + (<usize>j << 2)) * inverse);
    store<f32>(logSums + (<usize>i << 2), highest + <f32>JSMath.log(<f64>total));
  }
}

/** As softmaxRows, from the log-sums that it left. `slopes` (0 = none) gets the softcap's slope for each score. */
export function softmaxAgain(
  scores: usize, slopes: usize, ld: i32, rows: i32, r0: i32, c0: i32, prefix: i32, keys: i32,
  scale: f32, softcap: f32, window: i32, segments: usize, logSums: usize,
): void {
  const columns = prefix + keys;
  for (let i = 0; i < rows; i++) {
    const p = scores + ((<usize>i * <usize>ld) << 2);
    scaleRow(p, slopes == 0 ? 0 : slopes + ((<usize>i * <usize>ld) << 2), columns, scale, softcap);
    hideRow(p + (<usize>prefix << 2), r0 + i, c0, keys, window, segments);
    const logSum = load<f32>(logSums + (<usize>i << 2)), shift = f32x4.splat(logSum);
    let j = 0;
    for (; j + 4 <= columns; j += 4)
      v128.store(p + (<usize>j << 2), visibleExp4(v128.load(p + (<usize>j << 2)), shift));
    for (; j < columns; j++) {
      const at = p + (<usize>j << 2), s = load<f32>(at);
      store<f32>(at, s > HIDDEN ? exp1(s - logSum) : <f32>0);
    }
  }
}

/** dP becomes d score = scale * slope * P * (dP - sum(P dP)). */
export function softmaxGrad(
  probabilities: usize, gradient: usize, slopes: usize, ld: i32, rows: i32, columns: i32, scale: f32,
): void {
  for (let i = 0; i < rows; i++) {
    const at = (<usize>i * <usize>ld) << 2;
    const p = probabilities + at, g = gradient + at;
    let dots = zero();
    let j = 0;
    for (; j + 4 <= columns; j += 4)
      dots = f32x4.add(dots, f32x4.mul(v128.load(p + (<usize>j << 2)), v128.load(g + (<usize>j << 2))));
    let dot = sum4(dots);
    for (; j < columns; j++) dot += load<f32>(p + (<usize>j << 2)) * load<f32>(g + (<usize>j << 2));
    const mean = f32x4.splat(dot), factor = f32x4.splat(scale);
    for (j = 0; j + 4 <= columns; j += 4) {
      const o = <usize>j << 2;
      let d = f32x4.mul(factor, f32x4.mul(v128.load(p + o), f32x4.sub(v128.load(g + o), mean)));
      if (slopes != 0) d = f32x4.mul(d, v128.load(slopes + at + o));
      v128.store(g + o, d);
    }
    for (; j < columns; j++) {
      const o = <usize>j << 2;
      let d = scale * (load<f32>(p + o) * (load<f32>(g + o) - dot));
      if (slopes != 0) d *= load<f32>(slopes + at + o);
      store<f32>(g + o, d);
    }
  }
}
