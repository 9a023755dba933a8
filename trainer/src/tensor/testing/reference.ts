import type { Values } from './op-case.js';

/** Plain float64 versions of the ops, written from their formulas for clarity, not speed. */

export function at(m: Values, row: number, column: number): number {
  return m.data[row * (m.shape[1] ?? 1) + column] ?? NaN;
}

export function rowsOf(m: Values): number {
  return m.shape[0] ?? 0;
}

export function columnsOf(m: Values): number {
  return m.shape[1] ?? 1;
}

export function build(rows: number, columns: number, value: (row: number, column: number) => number): Values {
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) data[i * columns + j] = value(i, j);
  return { shape: [rows, columns], data };
}

/** x op(w): op transposes when `transposed`. */
export function product(x: Values, w: Values, transposed: boolean): Values {
  const inner = columnsOf(x);
  return build(rowsOf(x), transposed ? rowsOf(w) : columnsOf(w), (i, j) => {
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += at(x, i, k) * (transposed ? at(w, j, k) : at(w, k, j));
    return sum;
  });
}

export interface AttentionReference {
  readonly batch: number;
  readonly length: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly scale: number;
  readonly window?: number;
  readonly softcap?: number;
  readonly segments?: readonly number[];
}

/** Row by row, from the definition; padding rows come out zero. */
export function attentionReference(
  q: Values,
  k: Values,
  v: Values,
  prefixKeys: Values | undefined,
  prefixValues: Values | undefined,
  o: AttentionReference,
): Values {
  const out = build(o.batch * o.length, o.heads * o.headDim, () => 0);
  for (let b = 0; b < o.batch; b++)
    for (let h = 0; h < o.heads; h++)
      for (let i = 0; i < o.length; i++) {
        const row = b * o.length + i;
        if (o.segments?.[row] === 0) continue;
        const kvOffset = Math.floor((h * o.kvHeads) / o.heads) * o.headDim;
        const visible: { key: Values; value: Values; row: number }[] = [];
        if (prefixKeys !== undefined && prefixValues !== undefined)
          for (let p = 0; p < rowsOf(prefixKeys); p++)
            visible.push({ key: prefixKeys, value: prefixValues, row: p });
        for (let j = 0; j <= i; j++) {
          const other = b * o.length + j;
          const same = o.segments === undefined || o.segments[other] === o.segments[row];
          if (same && i - j < (o.window ?? Infinity)) visible.push({ key: k, value: v, row: other });
        }
        const scores = visible.map(({ key, row: j }) => {
          let dot = 0;
          for (let d = 0; d < o.headDim; d++) dot += at(q, row, h * o.headDim + d) * at(key, j, kvOffset + d);
          const score = dot * o.scale;
          return o.softcap === undefined ? score : o.softcap * Math.tanh(score / o.softcap);
        });
        const top = Math.max(...scores);
        const exps = scores.map((score) => Math.exp(score - top));
        const total = exps.reduce((sum, e) => sum + e, 0);
        for (let d = 0; d < o.headDim; d++)
          out.data[row * o.heads * o.headDim + h * o.headDim + d] = visible.reduce(
            (sum, { value, row: j }, s) => sum + ((exps[s] ?? NaN) / total) * at(value, j, kvOffset + d),
            0,
          );
      }
  return out;
}

export function crossEntropyReference(
  x: Values,
  head: Values,
  labels: readonly number[],
  softcap?: number,
): number {
  const raw = product(x, head, true);
  let loss = 0;
  labels.forEach((label, i) => {
    if (label === -100) return;
    const z = Array.from({ length: rowsOf(head) }, (_, j) => {
      const value = at(raw, i, j);
      return softcap === undefined ? value : softcap * Math.tanh(value / softcap);
    });
    const top = Math.max(...z);
    loss += top + Math.log(z.reduce((sum, value) => sum + Math.exp(value - top), 0)) - (z[label] ?? NaN);
  });
  return loss;
}

export function geluReference(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}
