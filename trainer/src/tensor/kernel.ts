import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensors } from './custom-gradient.js';

let composedOnly = false;

/** True when the current backend has the fused kernel; otherwise the op composes itself of plain tfjs ops. */
export function hasKernel(name: string): boolean {
  return !composedOnly && tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** Runs `work` with every op composed of plain tfjs ops, as on a backend without fused kernels. For comparisons. */
export function withoutFusedKernels<T>(work: () => T): T {
  const before = composedOnly;
  composedOnly = true;
  try {
    return work();
  } finally {
    composedOnly = before;
  }
}

/** Runs a fused gradient kernel, which has a list of outputs; inputs that are undefined are left out. */
export function runGradient(name: string, inputs: NamedTensors, attrs: tf.NamedAttrMap = {}): tf.Tensor[] {
  return tf.engine().runKernel<tf.Tensor[]>(name, present(inputs), attrs);
}

/** The inputs that are not undefined, for `tf.engine().runKernel`. */
export function present(inputs: NamedTensors): tf.NamedTensorMap {
  const given: tf.NamedTensorMap = {};
  for (const [key, tensor] of Object.entries(inputs)) if (tensor !== undefined) given[key] = tensor;
  return given;
}

/** True while a tape records, so that a gradient may be asked for. */
export function isRecording(): boolean {
  return tf.engine().state.gradientDepth > 0;
}
