import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/**
 * Replaces the wasm kernels Identity and same-type Cast by ones that share the data and count references. The stock
 * kernels copy, and every tensor that a gradient saves goes through Identity.
 */
export function shareIdentity(backend: BackendWasm): void {
  const share = (x: tf.TensorInfo): tf.TensorInfo => {
    backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  };
  const cast = tf.getKernel(tf.Cast, 'wasm');
  replaceKernel(tf.Identity, ({ inputs }) => share(input(inputs)));
  replaceKernel(tf.Cast, (call) => {
    const x = input(call.inputs);
    return x.dtype === call.attrs?.['dtype'] ? share(x) : cast.kernelFunc(call);
  });
}

function replaceKernel(kernelName: string, kernelFunc: tf.KernelFunc): void {
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
}

function input(inputs: tf.NamedTensorInfoMap): tf.TensorInfo {
  const x = inputs['x'];
  if (x === undefined) throw new TypeError('the kernel was called without x');
  return x;
}
