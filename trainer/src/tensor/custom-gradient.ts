import * as tf from '@tensorflow/tfjs-core';

export interface OpResult<T extends tf.Tensor> {
  readonly value: T;
  /**
   * Every tensor that the gradient reads, frozen weights and indices too: the tape keeps them until the backward pass
   * is over, while tensors that the gradient merely closes over may be disposed by then.
   */
  readonly saved: readonly tf.Tensor[];
  /** Gradients of the inputs, in their order, each a new tensor object. Runs inside a tidy. */
  readonly gradient: (dy: T, saved: tf.Tensor[]) => tf.Tensor[];
}

/**
 * Runs `forward` as one node of the tape with its own gradient. Only `inputs` get gradients: a frozen weight is not
 * an input, so that nothing is computed for it.
 */
export function withGradient<T extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  forward: () => OpResult<T>,
): T {
  const op = tf.customGrad<T>((...args) => {
    const result = forward();
    const save = args[args.length - 1];
    if (typeof save !== 'function') throw new TypeError('customGrad passed no save function');
    save([...result.saved]);
    return { value: result.value, gradFunc: result.gradient };
  });
  return op(...inputs);
}
