import * as tf from '@tensorflow/tfjs-core';

/** True when the current backend has the fused kernel; otherwise the op composes itself of plain tfjs ops. */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** Runs a fused kernel of the current backend. Outputs are tracked by the enclosing tidy like any tensor. */
export function runKernel(
  name: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  attrs: object = {},
): tf.Tensor[] {
  const outputs: tf.Tensor | tf.Tensor[] = tf.engine().runKernel(name, { ...inputs }, { ...attrs });
  return Array.isArray(outputs) ? outputs : [outputs];
}
