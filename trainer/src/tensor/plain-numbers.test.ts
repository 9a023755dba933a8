import { expect, test } from 'vitest';
import { adamwUpdate, l2Norm } from './index.js';
import { threefry2x32 } from './random-bits.js';
import { coreType } from './wasm/openblas.js';

test('Threefry-2x32 gives the published vectors', () => {
  const run = (...key: [number, number, number, number]): string[] => {
    const out = new Uint32Array(2);
    threefry2x32(...key, out);
    return [...out].map((word) => word.toString(16).padStart(8, '0'));
  };
  // Random123, kat_vectors, threefry2x32 with 20 rounds: key, counter -> output.
  expect(run(0, 0, 0, 0)).toEqual(['6b200159', '99ba4efe']);
  expect(run(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)).toEqual(['1cb996fc', 'bb002be7']);
  expect(run(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)).toEqual(['c4923a9c', '483df7a0']);
});

test('AdamW follows the formula and its moments', () => {
  const [p, m, v] = [Float32Array.of(1, -2), new Float32Array(2), new Float32Array(2)];
  const options = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
  const expected = [1, -2];
  const moments = expected.map(() => ({ m: 0, v: 0 }));
  for (let step = 1; step <= 5; step++) {
    const g = Float32Array.of(0.5 * step, -0.25);
    adamwUpdate(p, g, m, v, { ...options, step });
    moments.forEach((moment, i) => {
      moment.m = 0.9 * moment.m + 0.1 * (g[i] ?? NaN);
      moment.v = 0.999 * moment.v + 0.001 * (g[i] ?? NaN) ** 2;
      const corrected = moment.m / (1 - 0.9 ** step) / (Math.sqrt(moment.v / (1 - 0.999 ** step)) + 1e-8);
      expected[i] = (expected[i] ?? NaN) * (1 - 0.1 * 0.01) - 0.1 * corrected;
    });
  }
  p.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 5));
});

test('l2Norm', () => expect(l2Norm(Float32Array.of(3, -4, 12))).toBe(13));

test.each([
  ['flags : fpu sse2 avx2 fma bmi2 avx512f avx512dq avx512bw avx512cd avx512vl', 'SkylakeX'],
  ['flags : fpu avx2 fma bmi2', 'Haswell'],
  ['flags : fpu sse2', undefined],
  ['Features : asimd', undefined],
])('the BLAS kernels for %s', (cpuinfo, family) => expect(coreType(cpuinfo)).toBe(family));
