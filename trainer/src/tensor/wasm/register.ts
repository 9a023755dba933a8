import * as tf from '@tensorflow/tfjs-core';
import { Attributes } from '../attributes.js';
import type { WasmDevice } from './wasm-device.js';

/** The inputs of one call, by name. */
export class Inputs {
  readonly #tensors: tf.NamedTensorInfoMap;

  constructor(tensors: tf.NamedTensorInfoMap) {
    this.#tensors = tensors;
  }

  get(name: string): tf.TensorInfo {
    const tensor = this.#tensors[name];
    if (tensor === undefined) throw new TypeError(`the kernel was called without ${name}`);
    return tensor;
  }

  optional(name: string): tf.TensorInfo | undefined {
    return this.#tensors[name];
  }
}

export type DeviceKernel = (
  device: WasmDevice,
  inputs: Inputs,
  attrs: Attributes,
) => tf.TensorInfo | tf.TensorInfo[];

/** Registers a kernel for the wasm backend, in place of the one of that name if there is one. */
export function registerWasm(device: WasmDevice, kernelName: string, kernel: DeviceKernel): void {
  if (tf.getKernel(kernelName, 'wasm') !== undefined) tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => kernel(device, new Inputs(inputs), new Attributes(attrs)),
  });
}
