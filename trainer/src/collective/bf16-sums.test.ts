import { describe, expect, it } from 'vitest';

import { Bf16Memory, Bf16Sums } from './bf16-sums.js';
import { PartialSums, VectorPool } from './partial-sums.js';
import { rootOf } from './tree.js';

const UNITS = 16;
const LENGTH = 512;
const pool = new VectorPool<Float32Array>((length) => new Float32Array(length));

function gradientAt(unit: number, at: number): number {
  return Math.fround(Math.sin(12.9898 * (unit + 1) + 78.233 * at) * 10 ** -(at % 5));
}

async function sumOf(seed: number, step: number): Promise<Float32Array> {
  const format = new Bf16Sums(new Bf16Memory(), pool, seed, step);
  const sums = new PartialSums(UNITS, LENGTH, pool, format);
  for (let unit = 0; unit < UNITS; unit++) {
    const vector = sums.borrow();
    for (let at = 0; at < LENGTH; at++) vector[at] = gradientAt(unit, at);
    await sums.add(unit, vector, { lossSum: 0, trainedTokens: 0 });
  }
  const sum = new Float32Array(LENGTH);
  const root = sums.get(rootOf(UNITS));
  if (root === undefined) throw new Error('no root');
  format.toFloats(sum, root.vector);
  return sum;
}

describe('sums of bf16', () => {
  it('are off by what is promised, and not at all in the mean', async () => {
    const draws = 400;
    const sums = await Promise.all(Array.from({ length: draws }, (_, step) => sumOf(42, step)));
    let worstBias = 0;
    for (let at = 0; at < LENGTH; at++) {
      let [exact, magnitude] = [0, 0];
      for (let unit = 0; unit < UNITS; unit++) {
        exact += gradientAt(unit, at);
        magnitude += Math.abs(gradientAt(unit, at));
      }
      const errors = sums.map((sum) => (sum[at] ?? NaN) - exact);
      const bias = errors.reduce((total, error) => total + error, 0) / draws;
      const deviation = Math.sqrt(errors.reduce((total, error) => total + error ** 2, 0) / draws);
      const bound = 2 ** -8 * Math.sqrt(1 + Math.log2(UNITS)) * magnitude;
      expect(deviation).toBeLessThan(bound);
      // In units of the mean's own standard deviation.
      worstBias = Math.max(worstBias, Math.abs(bias) / (deviation / Math.sqrt(draws)));
    }
    // The largest of 512 draws from a normal distribution is below 5 with a probability of 0.9997.
    expect(worstBias).toBeLessThan(5);
  });

  it('draw anew for each step and seed', async () => {
    const first = await sumOf(1, 1);
    expect(await sumOf(1, 1)).toEqual(first);
    expect(await sumOf(1, 2)).not.toEqual(first);
    expect(await sumOf(2, 1)).not.toEqual(first);
    expect(await sumOf(1 + 2 ** 40, 1)).not.toEqual(first);
  });
});
