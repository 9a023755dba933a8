import { item } from '../item.js';

/** Floats a vector, vectors side by side, levels of the cascade. */
const WIDTH = 8;
const SIDE = 4;
const LEVELS = 4;

/**
 * Sum of float32 values in the order in which PyTorch adds a contiguous tensor on a CPU with 8-float vectors: four
 * vectors side by side, each a cascade of partial sums (ATen, SumKernel.cpp, on one thread). The offset of double
 * quantization is such a sum, and a different order changes its last bit.
 */
export function torchSum(values: Float32Array): number {
  const f32 = Math.fround;
  const vectors = Math.floor(values.length / WIDTH);
  const rows = Math.floor(vectors / SIDE);
  const lanes = cascade(values, rows, SIDE * WIDTH);
  const sums = lanes.slice(0, WIDTH);
  const addVector = (from: Float32Array, begin: number): void =>
    sums.forEach((sum, lane) => {
      sums[lane] = sum + item(from, begin + lane);
    });
  for (let vector = rows * SIDE; vector < vectors; vector++) addVector(values, vector * WIDTH);
  for (let side = 1; side < SIDE; side++) addVector(lanes, side * WIDTH);
  let total = 0;
  for (let i = vectors * WIDTH; i < values.length; i++) total = f32(total + item(values, i));
  for (const sum of sums) total = f32(total + sum);
  return total;
}

/** Column sums of values as [rows, width]; blocks of a power of two rows move up one level at a time. */
function cascade(values: Float32Array, rows: number, width: number): Float32Array {
  const power = Math.max(4, Math.floor(Math.ceil(Math.log2(Math.max(1, rows))) / LEVELS));
  const step = 2 ** power;
  const levels = Array.from({ length: LEVELS }, () => new Float32Array(width));
  const add = (to: Float32Array, from: Float32Array, begin: number): void =>
    to.forEach((sum, lane) => {
      to[lane] = sum + item(from, begin + lane);
    });
  let row = 0;
  while (row + step <= rows) {
    for (let end = row + step; row < end; row++) add(item(levels, 0), values, row * width);
    for (let level = 1; level < LEVELS; level++) {
      add(item(levels, level), item(levels, level - 1), 0);
      item(levels, level - 1).fill(0);
      if (Math.floor(row / step ** level) % step !== 0) break;
    }
  }
  for (; row < rows; row++) add(item(levels, 0), values, row * width);
  for (let level = 1; level < LEVELS; level++) add(item(levels, 0), item(levels, level), 0);
  return item(levels, 0);
}
