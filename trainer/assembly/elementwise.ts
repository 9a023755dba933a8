// Plain arithmetic over flat arrays and rows of any length.

export function add(a: usize, b: usize, c: usize, size: i32): void {
  let i = 0;
  for (; i + 4 <= size; i += 4) {
    const at = <usize>i << 2;
    v128.store(c + at, f32x4.add(v128.load(a + at), v128.load(b + at)));
  }
  for (; i < size; i++) {
    const at = <usize>i << 2;
    store<f32>(c + at, load<f32>(a + at) + load<f32>(b + at));
  }
}

export function multiply(a: usize, b: usize, c: usize, size: i32): void {
  let i = 0;
  for (; i + 4 <= size; i += 4) {
    const at = <usize>i << 2;
    v128.store(c + at, f32x4.mul(v128.load(a + at), v128.load(b + at)));
  }
  for (; i < size; i++) {
    const at = <usize>i << 2;
    store<f32>(c + at, load<f32>(a + at) * load<f32>(b + at));
  }
}

export function scale(a: usize, factor: f32, c: usize, size: i32): void {
  const f = f32x4.splat(factor);
  let i = 0;
  for (; i + 4 <= size; i += 4) v128.store(c + (<usize>i << 2), f32x4.mul(v128.load(a + (<usize>i << 2)), f));
  for (; i < size; i++) store<f32>(c + (<usize>i << 2), load<f32>(a + (<usize>i << 2)) * factor);
}

/** Every row of y [rows, columns] becomes `row`. */
export function repeatRow(row: usize, y: usize, rows: i32, columns: i32): void {
  const bytes = <usize>columns << 2;
  for (let i = 0; i < rows; i++) {
    memory.copy(y, row, bytes);
    y += bytes;
  }
}

/** sums[j] = sum over i of x[i, j] */
export function columnSums(x: usize, sums: usize, rows: i32, columns: i32): void {
  memory.fill(sums, 0, <usize>columns << 2);
  for (let i = 0; i < rows; i++) {
    add(sums, x, sums, columns);
    x += <usize>columns << 2;
  }
}

/** Adds row i of `source` [n, columns] to row ids[i] of `target`. */
export function scatterRows(source: usize, ids: usize, target: usize, n: i32, columns: i32): void {
  const bytes = <usize>columns << 2;
  for (let i = 0; i < n; i++) {
    const row = target + <usize>load<i32>(ids) * bytes;
    add(row, source, row, columns);
    source += bytes;
    ids += 4;
  }
}

/** Row i of y becomes row ids[i] of `table`; an id outside 0..count-1 gives zeros. */
export function gatherRows(table: usize, ids: usize, y: usize, n: i32, count: i32, columns: i32): void {
  const bytes = <usize>columns << 2;
  for (let i = 0; i < n; i++) {
    const id = load<i32>(ids);
    if (id >= 0 && id < count) memory.copy(y, table + <usize>id * bytes, bytes);
    else memory.fill(y, 0, bytes);
    y += bytes;
    ids += 4;
  }
}
