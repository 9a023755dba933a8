// RMSNorm and LayerNorm over rows [n, d] of any width.
import { loadTail, storeTail, sum4, zero } from './math';

/** Sum of x[j]; lanes are added at the end. */
function sumOf(x: usize, d: i32): f32 {
  let total = zero();
  let j = 0;
  for (; j + 4 <= d; j += 4) total = f32x4.add(total, v128.load(x + (<usize>j << 2)));
  if (j < d) total = f32x4.add(total, loadTail(x + (<usize>j << 2), d - j));
  return sum4(total);
}

/** inverse[i] = 1 / sqrt(mean(x_i^2) + eps); y = x * inverse * (w + offset). */
export function rmsNorm(x: usize, w: usize, y: usize, inverse: usize, n: i32, d: i32, eps: f32, offset: f32): void {
  const pitch = <usize>d << 2;
  const shift = f32x4.splat(offset);
  for (let i = 0; i < n; i++) {
    let squares = zero();
    let j = 0;
    for (; j + 4 <= d; j += 4) {
      const v = v128.load(x + (<usize>j << 2));
      squares = f32x4.add(squares, f32x4.mul(v, v));
    }
    if (j < d) {
      const v = loadTail(x + (<usize>j << 2), d - j);
      squares = f32x4.add(squares, f32x4.mul(v, v));
    }
    const r: f32 = <f32>1 / sqrt<f32>(sum4(squares) / <f32>d + eps);
    store<f32>(inverse, r);
    const factor = f32x4.splat(r);
    for (j = 0; j + 4 <= d; j += 4) {
      const at = <usize>j << 2;
      v128.store(
        y + at,
        f32x4.mul(f32x4.mul(v128.load(x + at), factor), f32x4.add(v128.load(w + at), shift)),
      );
    }
    if (j < d) {
      const at = <usize>j << 2;
      const tail = f32x4.mul(f32x4.mul(loadTail(x + at, d - j), factor), f32x4.add(loadTail(w + at, d - j), shift));
      storeTail(y + at, tail, d - j);
    }
    x += pitch;
    y += pitch;
    inverse += 4;
  }
}

/** dx = r * (dy w) - x * r^3 * mean(dy w x); when dw != 0, dw += dy * x * r. dw must be zeroed before. */
export function rmsNormGrad(
  x: usize, w: usize, inverse: usize, dy: usize, dx: usize, dw: usize, n: i32, d: i32, offset: f32,
): void {
  const pitch = <usize>d << 2;
  for (let i = 0; i < n; i++) {
    const r = load<f32>(inverse);
    const shift = f32x4.splat(offset), factor = f32x4.splat(r);
    let dot = zero();
    let j = 0;
    for (; j < d; j += 4) {
      const at = <usize>j << 2;
      const left = d - j;
      const g = left >= 4 ? v128.load(dy + at) : loadTail(dy + at, left);
      const v = left >= 4 ? v128.load(x + at) : loadTail(x + at, left);
      const gain = f32x4.add(left >= 4 ? v128.load(w + at) : loadTail(w + at, left), shift);
      dot = f32x4.add(dot, f32x4.mul(f32x4.mul(g, gain), v));
      if (dw != 0) {
        const added = f32x4.mul(g, f32x4.mul(v, factor));
        if (left >= 4) v128.store(dw + at, f32x4.add(v128.load(dw + at), added));
        else storeTail(dw + at, f32x4.add(loadTail(dw + at, left), added), left);
      }
    }
    const pull = f32x4.splat(((sum4(dot) / <f32>d) * r) * (r * r));
    for (j = 0; j < d; j += 4) {
      const at = <usize>j << 2;
      const left = d - j;
      const g = left >= 4 ? v128.load(dy + at) : loadTail(dy + at, left);
      const v = left >= 4 ? v128.load(x + at) : loadTail(x + at, left);
      const gain = f32x4.add(left >= 4 ? v128.load(w + at) : loadTail(w + at, left), shift);
      const result = f32x4.sub(f32x4.mul(f32x4.mul(g, gain), factor), f32x4.mul(v, pull));
      if (left >= 4) v128.store(dx + at, result);
      else storeTail(dx + at, result, left);
    }
    x += pitch;
    dy += pitch;
    dx += pitch;
    inverse += 4;
  }
}

/** y = (x - mean) * inverse * w + b; `stats` receives mean and inverse of each row. */
export function layerNorm(x: usize, w: usize, b: usize, y: usize, stats: usize, n: i32, d: i32, eps: f32): void {
  const pitch = <usize>d << 2;
  for (let i = 0; i < n; i++) {
    const mean = sumOf(x, d) / <f32>d;
    const center = f32x4.splat(mean);
    let squares = zero();
    let j = 0;
    for (; j + 4 <= d; j += 4) {
      const v = f32x4.sub(v128.load(x + (<usize>j << 2)), center);
      squares = f32x4.add(squares, f32x4.mul(v, v));
    }
    let variance = sum4(squares);
    for (; j < d; j++) {
      const v = load<f32>(x + (<usize>j << 2)) - mean;
      variance += v * v;
    }
    const r: f32 = <f32>1 / sqrt<f32>(variance / <f32>d + eps);
    store<f32>(stats, mean);
    store<f32>(stats, r, 4);
    const factor = f32x4.splat(r);
    for (j = 0; j < d; j += 4) {
      const at = <usize>j << 2;
      const left = d - j;
      const v = f32x4.sub(left >= 4 ? v128.load(x + at) : loadTail(x + at, left), center);
      const gain = left >= 4 ? v128.load(w + at) : loadTail(w + at, left);
      const bias = left >= 4 ? v128.load(b + at) : loadTail(b + at, left);
      const result = f32x4.add(f32x4.mul(f32x4.mul(v, factor), gain), bias);
      if (left >= 4) v128.store(y + at, result);
      else storeTail(y + at, result, left);
    }
    x += pitch;
    y += pitch;
    stats += 8;
  }
}

/** dx = r * (dy w - mean(dy w) - xhat mean(dy w xhat)); when dw != 0, dw += dy xhat and db += dy (zeroed before). */
export function layerNormGrad(
  x: usize, w: usize, stats: usize, dy: usize, dx: usize, dw: usize, db: usize, n: i32, d: i32,
): void {
  const pitch = <usize>d << 2;
  for (let i = 0; i < n; i++) {
    const center = f32x4.splat(load<f32>(stats)), factor = f32x4.splat(load<f32>(stats, 4));
    let sum = zero(), dot = zero();
    let j = 0;
    for (; j < d; j += 4) {
      const at = <usize>j << 2;
      const left = d - j;
      const g = left >= 4 ? v128.load(dy + at) : loadTail(dy + at, left);
      const gain = left >= 4 ? v128.load(w + at) : loadTail(w + at, left);
      const normal = f32x4.mul(f32x4.sub(left >= 4 ? v128.load(x + at) : loadTail(x + at, left), center), factor);
      const gw = f32x4.mul(g, gain);
      sum = f32x4.add(sum, gw);
      dot = f32x4.add(dot, f32x4.mul(gw, normal));
      if (dw != 0) {
        const added = f32x4.mul(g, normal);
        if (left >= 4) {
          v128.store(dw + at, f32x4.add(v128.load(dw + at), added));
          v128.store(db + at, f32x4.add(v128.load(db + at), g));
        } else {
          storeTail(dw + at, f32x4.add(loadTail(dw + at, left), added), left);
          storeTail(db + at, f32x4.add(loadTail(db + at, left), g), left);
        }
      }
    }
    const meanSum = f32x4.splat(sum4(sum) / <f32>d), meanDot = f32x4.splat(sum4(dot) / <f32>d);
    for (j = 0; j < d; j += 4) {
      const at = <usize>j << 2;
      const left = d - j;
      const g = left >= 4 ? v128.load(dy + at) : loadTail(dy + at, left);
      const gain = left >= 4 ? v128.load(w + at) : loadTail(w + at, left);
      const normal = f32x4.mul(f32x4.sub(left >= 4 ? v128.load(x + at) : loadTail(x + at, left), center), factor);
      const result = f32x4.mul(
        factor,
        f32x4.sub(f32x4.sub(f32x4.mul(g, gain), meanSum), f32x4.mul(normal, meanDot)),
      );
      if (left >= 4) v128.store(dx + at, result);
      else storeTail(dx + at, result, left);
    }
    x += pitch;
    dy += pitch;
    dx += pitch;
    stats += 8;
  }
}
