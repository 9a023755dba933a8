import * as tf from '@tensorflow/tfjs-core';

export interface ValueAndGradients {
  readonly value: tf.Scalar;
  /** One per parameter, in their order; zeros for a parameter that the value does not depend on. */
  readonly gradients: tf.Tensor[];
}

/**
 * Runs `compute` and differentiates its scalar result by `parameters` (plain tensors or variables, float32).
 * The caller disposes the value and the gradients; everything between is freed.
 */
export function valueAndGradients(
  compute: () => tf.Scalar,
  parameters: readonly tf.Tensor[],
): ValueAndGradients {
  const engine = tf.engine();
  engine.startScope('valueAndGradients');
  let kept: tf.Tensor[] = [];
  try {
    const { value, grads } = engine.gradients(compute, [...parameters], undefined, true);
    // The type of `grads` does not say so, but a parameter that the value does not reach has none.
    const reached: readonly (tf.Tensor | undefined)[] = grads;
    const gradients = parameters.map((p, i) => reached[i] ?? tf.zeros(p.shape));
    kept = [value, ...gradients];
    return { value, gradients };
  } finally {
    engine.endScope(kept);
  }
}
