/**
 * Measures matrix products and training steps on the chosen backend:
 * (Times are processor seconds of this process, the smaller of user+system and wall: other load does not count.)
 * `node trainer/dist/tensor/bench/main.js [--profile]`; TUNEYARD_BACKEND and TUNEYARD_BLAS choose as in training.
 */
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../index.js';
import { llamaStep, stepFlops, type BenchShape } from './llama-step.js';
import { profileKernels } from './profile-kernels.js';

const steps: Readonly<Record<string, BenchShape>> = {
  'h128 L4 V1024 B8 T32': shape(128, 4, 4, 2, 344, 1024, 8, 32),
  'h128 L4 V1024 B16 T64': shape(128, 4, 4, 2, 344, 1024, 16, 64),
  'h192 L4 V2048 B16 T64': shape(192, 4, 6, 3, 512, 2048, 16, 64),
  'h288 L6 V32000 B2 T256': shape(288, 6, 6, 6, 768, 32000, 2, 256),
};

const products: readonly (readonly [number, number, number])[] = [
  [256, 256, 256],
  [512, 512, 512],
  [1024, 1024, 1024],
  [1024, 128, 128],
  [1024, 16, 128],
  [1024, 2048, 192],
  [64, 64, 32],
];

const choice = await selectBackend({ force: process.env['TUNEYARD_BACKEND'] });
console.log(`${choice.name} (${choice.reason})`);
for (const [m, n, k] of products) {
  const [a, b] = [tf.randomNormal([m, k]), tf.randomNormal([n, k])];
  const seconds = bestSeconds(() => tf.matMul(a, b, false, true).dispose());
  console.log(`matMul ${m} x ${n} x ${k}: ${((2 * m * n * k) / seconds / 1e9).toFixed(1)} GFLOP/s`);
  tf.dispose([a, b]);
}
for (const [name, size] of Object.entries(steps)) {
  const step = llamaStep(size);
  const seconds = bestSeconds(step);
  const tokens = size.batch * size.length;
  console.log(
    `${name}: ${(seconds * 1e3).toFixed(1)} ms, ${Math.round(tokens / seconds)} tokens/s, ` +
      `${(stepFlops(size) / seconds / 1e9).toFixed(1)} GFLOP/s`,
  );
  if (process.argv.includes('--profile')) console.log(profileKernels(step));
}

/** Best of at least 5 runs and half a second, after two to warm up: other load only makes runs slower. */
function bestSeconds(work: () => void): number {
  work();
  work();
  let best = Infinity;
  const begin = performance.now();
  for (let runs = 0; runs < 5 || performance.now() - begin < 500; runs++) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    work();
    const used = process.cpuUsage(before);
    best = Math.min(best, (performance.now() - start) / 1e3, (used.user + used.system) / 1e6);
  }
  return best;
}

function shape(
  hidden: number,
  layers: number,
  heads: number,
  kvHeads: number,
  feedForward: number,
  vocabulary: number,
  batch: number,
  length: number,
): BenchShape {
  return { hidden, layers, heads, kvHeads, feedForward, vocabulary, batch, length, rank: 8 };
}
