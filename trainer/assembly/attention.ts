// Row-wise softmax of a block of attention scores, in place, with the mask of the block.
//
// A block holds `rows` query positions r0, r0 + 1, ... of one sequence. Its columns are first `prefix` prefix keys,
// always visible, then the keys c0, c0 + 1, ... up to the block's last row. Row i sees key j when j <= i,
// i - j < window (window 0 = none), and, with segments, when both are of the same non-zero segment. Every row sees
// itself, so that padding rows stay finite. Columns beyond a row's own position become exactly zero.
import { exp1, exp4, max4, sum4, tanh1, zero } from './math';

const HIDDEN: f32 = -1e30;

/** score -> softcap * tanh(score * scale / softcap); `slopes` (0 = none) gets 1 - tanh^2. */
function capRow(p: usize, slopes: usize, columns: i32, scale: f32, softcap: f32): void {
  const inner: f32 = scale / softcap;
  for (let j = 0; j < columns; j++) {
    const at = p + (<usize>j << 2);
    const t = tanh1(load<f32>(at) * inner);
    store<f32>(at, t * softcap);
    if (slopes != 0) store<f32>(slopes + (<usize>j << 2), <f32>1 - t * t);
  }
}

/** Overwrites the scores before its own that row `row` must not see; `p` points at the column of key c0. */
function hideRow(p: usize, row: i32, c0: i32, window: i32, segments: usize): void {
  const first = window > 0 ? max<i32>(0, row - window + 1 - c0) : 0;
  const own = row - c0;
  for (let j = 0; j < first; j++) store<f32>(p + (<usize>j << 2), HIDDEN);
  if (segments == 0) return;
  const segment = load<i32>(segments + (<usize>row << 2));
  const others = segments + (<usize>c0 << 2);
  const hidden = f32x4.splat(HIDDEN), segment4 = i32x4.splat(segment);
  let j = first;
  if (segment != 0) {
    for (; j + 4 <= own; j += 4) {
      const at = <usize>j << 2;
      const same = i32x4.eq(v128.load(others + at), segment4);
      v128.store(p + at, v128.bitselect(v128.load(p + at), hidden, same));
    }
  }
  for (; j < own; j++) {
    const at = <usize>j << 2;
    if (segment == 0 || load<i32>(others + at) != segment) store<f32>(p + at, HIDDEN);
  }
}

/** exp(factor * score - shift), exactly zero where hidden. */
// @ts-ignore: decorator
@inline
function visibleExp4(score: v128, factor: v128, shift: v128): v128 {
  const e = exp4(f32x4.sub(f32x4.mul(score, factor), shift));
  return v128.and(e, f32x4.gt(score, f32x4.splat(HIDDEN)));
}

// @ts-ignore: decorator
@inline
function visibleExp1(score: f32, factor: f32, shift: f32): f32 {
  return score > HIDDEN ? exp1(score * factor - shift) : 0;
}

/** Scores become probabilities; `logSums` gets log(sum(exp(scores))) of each row. `ld` is the pitch in floats. */
export function softmaxRows(
  scores: usize, ld: i32, rows: i32, r0: i32, c0: i32, prefix: i32, keys: i32,
  scale: f32, softcap: f32, window: i32, segments: usize, logSums: usize,
): void {
  const factor: f32 = softcap == 0 ? scale : 1, factor4 = f32x4.splat(factor);
  for (let i = 0; i < rows; i++) {
    const p = scores + ((<usize>i * <usize>ld) << 2);
    const visible = prefix + r0 + i - c0 + 1;
    if (softcap != 0) capRow(p, 0, visible, scale, softcap);
    hideRow(p + (<usize>prefix << 2), r0 + i, c0, window, segments);
    let top = f32x4.splat(HIDDEN);
    let j = 0;
    for (; j + 4 <= visible; j += 4) top = f32x4.pmax(top, v128.load(p + (<usize>j << 2)));
    let highest = max4(top);
    for (; j < visible; j++) highest = max<f32>(highest, load<f32>(p + (<usize>j << 2)));
    const shift: f32 = highest * factor, shift4 = f32x4.splat(shift);
    let sums = zero();
    for (j = 0; j + 4 <= visible; j += 4) {
      const e = visibleExp4(v128.load(p + (<usize>j << 2)), factor4, shift4);
      v128.store(p + (<usize>j << 2), e);
      sums = f32x4.add(sums, e);
    }
    let total = sum4(sums);
    for (; j < visible; j++) {
      const at = p + (<usize>j << 2);
      const e = visibleExp1(load<f32>(at), factor, shift);
      store<f32>(at, e);
      total += e;
    }
    const inverse: f32 = <f32>1 / total, inverse4 = f32x4.splat(inverse);
    for (j = 0; j + 4 <= visible; j += 4)
      v128.store(p + (<usize>j << 2), f32x4.mul(v128.load(p + (<usize>j << 2)), inverse4));
    for (; j < visible; j++) store<f32>(p + (<usize>j << 2), load<f32>(p + (<usize>j << 2)) * inverse);
    memory.fill(p + (<usize>visible << 2), 0, <usize>(prefix + keys - visible) << 2);
    store<f32>(logSums + (<usize>i << 2), shift + <f32>JSMath.log(<f64>total));
  }
}

/** As softmaxRows, from the log-sums that it left. `slopes` (0 = none) gets the softcap's slope for each score. */
export function softmaxAgain(
  scores: usize, slopes: usize, ld: i32, rows: i32, r0: i32, c0: i32, prefix: i32, keys: i32,
  scale: f32, softcap: f32, window: i32, segments: usize, logSums: usize,
): void {
  const factor: f32 = softcap == 0 ? scale : 1, factor4 = f32x4.splat(factor);
  for (let i = 0; i < rows; i++) {
    const offset = (<usize>i * <usize>ld) << 2;
    const p = scores + offset;
    const visible = prefix + r0 + i - c0 + 1;
    if (softcap != 0) capRow(p, slopes == 0 ? 0 : slopes + offset, visible, scale, softcap);
    hideRow(p + (<usize>prefix << 2), r0 + i, c0, window, segments);
    const shift = load<f32>(logSums + (<usize>i << 2)), shift4 = f32x4.splat(shift);
    let j = 0;
    for (; j + 4 <= visible; j += 4)
      v128.store(p + (<usize>j << 2), visibleExp4(v128.load(p + (<usize>j << 2)), factor4, shift4));
    for (; j < visible; j++) {
      const at = p + (<usize>j << 2);
      store<f32>(at, visibleExp1(load<f32>(at), factor, shift));
    }
    memory.fill(p + (<usize>visible << 2), 0, <usize>(prefix + keys - visible) << 2);
  }
}

/** dP becomes d score = scale * slope * P * (dP - sum(P dP)); row i has `first + i` visible of `columns`. */
export function softmaxGrad(
  probabilities: usize, gradient: usize, slopes: usize, ld: i32, rows: i32, first: i32, columns: i32, scale: f32,
): void {
  const scale4 = f32x4.splat(scale);
  for (let i = 0; i < rows; i++) {
    const at = (<usize>i * <usize>ld) << 2;
    const p = probabilities + at, g = gradient + at;
    const visible = first + i;
    let dots = zero();
    let j = 0;
    for (; j + 4 <= visible; j += 4)
      dots = f32x4.add(dots, f32x4.mul(v128.load(p + (<usize>j << 2)), v128.load(g + (<usize>j << 2))));
    let dot = sum4(dots);
    for (; j < visible; j++) dot += load<f32>(p + (<usize>j << 2)) * load<f32>(g + (<usize>j << 2));
    const mean = f32x4.splat(dot);
    for (j = 0; j + 4 <= visible; j += 4) {
      const o = <usize>j << 2;
      let d = f32x4.mul(scale4, f32x4.mul(v128.load(p + o), f32x4.sub(v128.load(g + o), mean)));
      if (slopes != 0) d = f32x4.mul(d, v128.load(slopes + at + o));
      v128.store(g + o, d);
    }
    for (; j < visible; j++) {
      const o = <usize>j << 2;
      let d = scale * (load<f32>(p + o) * (load<f32>(g + o) - dot));
      if (slopes != 0) d *= load<f32>(slopes + at + o);
      store<f32>(g + o, d);
    }
    memory.fill(g + (<usize>visible << 2), 0, <usize>(columns - visible) << 2);
  }
}
