import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { testBackends } from './testing/backends.js';
import { relativeError, values } from './testing/op-case.js';
import { product } from './testing/reference.js';

/** Sizes around and beyond the panels of the compiled product (4, 8, 128, 256, 512), odd ones among them. */
const sizes: readonly (readonly [number, number, number])[] = [
  [1, 1, 1],
  [3, 5, 7],
  [4, 8, 16],
  [5, 9, 257],
  [129, 11, 3],
  [2, 521, 6],
  [131, 33, 300],
  [7, 4, 513],
  // Low-rank factors: one side of 16 or 32.
  [40, 16, 70],
  [101, 32, 300],
  [16, 75, 270],
  [32, 97, 64],
];

const backends = testBackends.filter(({ name }) => name.startsWith('wasm') && !name.endsWith('composed ops'));

describe.each(backends.map((backend) => [backend.name, backend] as const))(
  'matMul on %s',
  (_name, backend) => {
    let missing: string | undefined;
    beforeAll(async () => {
      missing = await backend.start();
    });

    test.for(sizes)('%i x %i x %i, every transposition', ([m, n, k], { skip }) => {
      skip(missing !== undefined, missing);
      const [a, b] = [values([m, k], 1), values([k, n], 2)];
      const want = product(a, b, false).data;
      for (const [transA, transB] of [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ] as const) {
        const got = tf.tidy(() => {
          const left = tf.tensor2d(Float32Array.from(a.data), [m, k]);
          const right = tf.tensor2d(Float32Array.from(b.data), [k, n]);
          const given = [transA ? tf.transpose(left) : left, transB ? tf.transpose(right) : right] as const;
          return tf.matMul(...given, transA, transB).dataSync();
        });
        expect(relativeError(got, want)).toBeLessThan(2e-6);
      }
    });

    test('batches broadcast', ({ skip }) => {
      skip(missing !== undefined, missing);
      const [a, b] = [values([2, 1, 3, 5], 3), values([4, 5, 2], 4)];
      const got = tf.tidy(() =>
        tf.matMul(
          tf.tensor(Float32Array.from(a.data), [2, 1, 3, 5]),
          tf.tensor(Float32Array.from(b.data), [4, 5, 2]),
        ),
      );
      expect(got.shape).toEqual([2, 4, 3, 2]);
      const want = [0, 1].flatMap((i) =>
        [0, 1, 2, 3].flatMap((j) => [
          ...product(
            { shape: [3, 5], data: a.data.slice(i * 15, i * 15 + 15) },
            { shape: [5, 2], data: b.data.slice(j * 10, j * 10 + 10) },
            false,
          ).data,
        ]),
      );
      expect(relativeError(got.dataSync(), want)).toBeLessThan(2e-6);
      got.dispose();
    });
  },
);
