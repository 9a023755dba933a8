import type * as tf from '@tensorflow/tfjs-core';

/**
 * Throws a TypeError unless `tensor` has the given shape; null = any size.
 * These are programming errors of the caller (a model whose sizes do not fit together), not user errors.
 */
export function checkShape(
  op: string,
  name: string,
  tensor: tf.Tensor,
  shape: readonly (number | null)[],
): void {
  const fits =
    tensor.shape.length === shape.length &&
    shape.every((size, d) => size === null || size === tensor.shape[d]);
  if (!fits)
    throw new TypeError(
      `${op}: ${name} must be [${shape.map((size) => size ?? '*').join(', ')}], got [${tensor.shape.join(', ')}]`,
    );
}

/** Throws a TypeError unless `tensor` is int32 of length `size`. */
export function checkIndices(op: string, name: string, tensor: tf.Tensor, size: number): void {
  checkShape(op, name, tensor, [size]);
  if (tensor.dtype !== 'int32') throw new TypeError(`${op}: ${name} must be int32, got ${tensor.dtype}`);
}
