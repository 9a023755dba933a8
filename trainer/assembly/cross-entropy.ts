// Softmax cross-entropy of rows of logits, with the gradient in place of the logits.
import { exp1, exp4, max4, sum4, tanh1, zero } from './math';

const IGNORED: i32 = -100;
/** Floats summed in float32 before the sum moves to float64. */
const SUM_BLOCK: i32 = 1024;

/**
 * For each row with a label: adds -log softmax[label] to the result, and the row becomes softmax - onehot, times the
 * slope of the softcap. Rows without a label become zero. `row` is scratch of `columns` floats, used with a softcap.
 */
export function crossEntropyRows(logits: usize, labels: usize, rows: i32, columns: i32, softcap: f32, row: usize): f64 {
  let loss: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const p = logits + ((<usize>i * <usize>columns) << 2);
    const label = load<i32>(labels + (<usize>i << 2));
    if (label == IGNORED) {
      memory.fill(p, 0, <usize>columns << 2);
      continue;
    }
    if (softcap != 0) {
      for (let j = 0; j < columns; j++) {
        const at = <usize>j << 2;
        const t = tanh1(load<f32>(p + at) / softcap);
        store<f32>(row + at, <f32>1 - t * t);
        store<f32>(p + at, t * softcap);
      }
    }
    loss += rowLoss(p, label, columns);
    if (softcap != 0) {
      for (let j = 0; j < columns; j++) {
        const at = <usize>j << 2;
        store<f32>(p + at, load<f32>(p + at) * load<f32>(row + at));
      }
    }
  }
  return loss;
}

function rowLoss(p: usize, label: i32, columns: i32): f64 {
  let top = f32x4.splat(-3.4e38);
  let j = 0;
  for (; j + 4 <= columns; j += 4) top = f32x4.pmax(top, v128.load(p + (<usize>j << 2)));
  let highest = max4(top);
  for (; j < columns; j++) highest = max<f32>(highest, load<f32>(p + (<usize>j << 2)));
  const picked = load<f32>(p + (<usize>label << 2));
  const shift = f32x4.splat(highest);
  let total: f64 = 0;
  for (j = 0; j + 4 <= columns; ) {
    const end = min<i32>(columns, j + SUM_BLOCK);
    let sums = zero();
    for (; j + 4 <= end; j += 4) {
      const e = exp4(f32x4.sub(v128.load(p + (<usize>j << 2)), shift));
      v128.store(p + (<usize>j << 2), e);
      sums = f32x4.add(sums, e);
    }
    total += <f64>sum4(sums);
  }
  for (; j < columns; j++) {
    const e = exp1(load<f32>(p + (<usize>j << 2)) - highest);
    store<f32>(p + (<usize>j << 2), e);
    total += <f64>e;
  }
  const inverse: f32 = <f32>(1.0 / total), factor = f32x4.splat(inverse);
  for (j = 0; j + 4 <= columns; j += 4)
    v128.store(p + (<usize>j << 2), f32x4.mul(v128.load(p + (<usize>j << 2)), factor));
  for (; j < columns; j++) store<f32>(p + (<usize>j << 2), load<f32>(p + (<usize>j << 2)) * inverse);
  const at = p + (<usize>label << 2);
  store<f32>(at, load<f32>(at) - <f32>1);
  return JSMath.log(total) + <f64>highest - <f64>picked;
}
