import { expect, test } from 'vitest';
import { loadKernelModule, runsRelaxedSimd } from './kernel-module.js';

/** Of op(A) op(B) with odd sizes, once by each build of the kernels. */
function productBy(fused: boolean): Float32Array {
  const memory = new WebAssembly.Memory({ initial: 64 });
  const kernels = loadKernelModule(memory, { fused });
  const [m, n, k] = [37, 29, 301];
  const floats = new Float32Array(memory.buffer);
  const [a, b, c] = [1024, 1024 + m * k, 1024 + m * k + k * n];
  for (let i = 0; i < m * k; i++) floats[a + i] = Math.sin(i);
  for (let i = 0; i < k * n; i++) floats[b + i] = Math.cos(3 * i);
  const scratch = (c + m * n) * 4;
  expect(scratch + kernels.gemmScratchBytes()).toBeLessThan(memory.buffer.byteLength);
  kernels.gemm(false, false, m, n, k, 1, a * 4, k, b * 4, n, 0, c * 4, n, scratch);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let want = 0;
      for (let p = 0; p < k; p++) want += (floats[a + i * k + p] ?? 0) * (floats[b + p * n + j] ?? 0);
      expect(Math.abs((floats[c + i * n + j] ?? 0) - want)).toBeLessThan(1e-4);
    }
  return floats.slice(c, c + m * n);
}

test('the product with and without fused multiply-add', ({ skip }) => {
  const apart = productBy(false);
  skip(!runsRelaxedSimd(), 'this engine has no relaxed SIMD');
  // Other last bits show that it is another instruction that ran.
  expect(productBy(true)).not.toEqual(apart);
});
