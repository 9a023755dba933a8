import * as tf from '@tensorflow/tfjs-core';
import { item } from '../../item.js';
import { registerWasm, type DeviceKernel } from '../register.js';
import type { WasmDevice } from '../wasm-device.js';

/**
 * Replaces the stock BatchMatMul, which is a scalar loop whenever an operand is transposed or there is more than one
 * matrix, and the stock Add and Multiply for equal shapes.
 */
export function registerArithmetic(device: WasmDevice): void {
  registerWasm(device, tf.BatchMatMul, batchMatMul);
  replaceForEqualShapes(device, tf.Add, 'add');
  replaceForEqualShapes(device, tf.Multiply, 'multiply');
}

const batchMatMul: DeviceKernel = (device, inputs, attrs) => {
  const [a, b] = [inputs.get('a'), inputs.get('b')];
  const [transA, transB] = [attrs.flag('transposeA'), attrs.flag('transposeB')];
  if (a.dtype !== 'float32' || b.dtype !== 'float32')
    throw new TypeError(`matMul multiplies float32 only, got ${a.dtype} and ${b.dtype}`);
  const [lda, ldb] = [item(a.shape, a.shape.length - 1), item(b.shape, b.shape.length - 1)];
  const [m, k] = transA ? [lda, item(a.shape, a.shape.length - 2)] : [item(a.shape, a.shape.length - 2), lda];
  const n = transB ? item(b.shape, b.shape.length - 2) : ldb;
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const out = device.output([...batch, m, n]);
  const offsets = matrixOffsets(batch, batchA, batchB);
  offsets.forEach(([indexA, indexB], i) =>
    device.gemm({
      m,
      n,
      k,
      a: device.address(a) + 4 * indexA * m * k,
      lda,
      transA,
      b: device.address(b) + 4 * indexB * k * n,
      ldb,
      transB,
      c: device.address(out) + 4 * i * m * n,
      ldc: n,
    }),
  );
  return out;
};

/** For each matrix of the result, which matrix of a and of b it multiplies. */
function matrixOffsets(batch: number[], a: number[], b: number[]): [number, number][] {
  const count = tf.util.sizeFromShape(batch);
  return Array.from({ length: count }, (_, i) => [broadcastIndex(i, batch, a), broadcastIndex(i, batch, b)]);
}

/** Index into `shape` of the element that element `index` of the wider `batch` reads. */
function broadcastIndex(index: number, batch: number[], shape: number[]): number {
  let rest = index;
  let stride = 1;
  let offset = 0;
  for (let d = 1; d <= shape.length; d++) {
    const full = item(batch, batch.length - d);
    const own = item(shape, shape.length - d);
    if (own > 1) offset += (rest % full) * stride;
    rest = Math.floor(rest / full);
    stride *= own;
  }
  return offset;
}

function replaceForEqualShapes(device: WasmDevice, kernelName: string, kernel: 'add' | 'multiply'): void {
  const stock = tf.getKernel(kernelName, 'wasm').kernelFunc;
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({
    kernelName,
    backendName: 'wasm',
    kernelFunc: (call) => {
      const { a, b } = call.inputs;
      if (a?.dtype !== 'float32' || b?.dtype !== 'float32' || !tf.util.arraysEqual(a.shape, b.shape))
        return stock(call);
      const out = device.output(a.shape);
      const size = tf.util.sizeFromShape(a.shape);
      device.kernels[kernel](device.address(a), device.address(b), device.address(out), size);
      return out;
    },
  });
}
