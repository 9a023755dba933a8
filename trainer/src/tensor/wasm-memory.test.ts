import * as tf from '@tensorflow/tfjs-core';
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { beforeAll, expect, test } from 'vitest';
import { ResourceError } from '../errors.js';
import { selectBackend } from './index.js';

beforeAll(async () => {
  await selectBackend({ force: 'wasm', blas: 'off' });
});

test('a full heap is an error that names the need, and harms no other tensor', () => {
  const first = tf.tensor1d([1, 2, 3]);
  const before = tf.memory().numTensors;
  // Never written, so the machine does not have to have it.
  const large = reserve(768 * 2 ** 20);
  expect(() => reserve(512 * 2 ** 20)).toThrow(ResourceError);
  expect(() => reserve(512 * 2 ** 20)).toThrow(/2048.0 MiB does not fit.*lower the micro-batch size/);
  tf.backend().disposeData(large.dataId);
  expect(tf.memory().numTensors).toBe(before);
  expect([...first.dataSync()]).toEqual([1, 2, 3]);
  first.dispose();
});

test('a cloned tensor shares its data until the last one goes', () => {
  const x = tf.tensor1d([1, 2]);
  const copy = tf.clone(x);
  expect(tf.memory().numDataBuffers).toBe(1);
  x.dispose();
  expect([...copy.dataSync()]).toEqual([1, 2]);
  copy.dispose();
  expect(tf.memory().numDataBuffers).toBe(0);
});

function reserve(floats: number): tf.TensorInfo {
  const backend = tf.backend();
  if (!(backend instanceof BackendWasm)) throw new Error('not the wasm backend');
  return backend.makeOutput([floats], 'float32');
}
