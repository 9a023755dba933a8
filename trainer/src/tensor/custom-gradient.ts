import * as tf from '@tensorflow/tfjs-core';
import { item } from './item.js';

/** Tensors by name; undefined ones are left out. */
export type NamedTensors = Readonly<Record<string, tf.Tensor | undefined>>;

export interface OpResult<T extends tf.Tensor, S extends NamedTensors> {
  readonly value: T;
  /**
   * Every tensor that the gradient reads, frozen weights and indices too: the tape keeps them until the backward pass
   * has passed, while tensors that the gradient merely closes over may be disposed by then.
   */
  readonly saved: S;
  /** Gradients of the inputs, in their order, each a new tensor object. */
  readonly gradient: (dy: T, saved: S) => tf.Tensor[];
}

/**
 * Runs `forward` as one node of the tape with its own gradient. Only `inputs` get gradients: a frozen weight is not
 * an input, so that nothing is computed for it.
 */
export function withGradient<T extends tf.Tensor, S extends NamedTensors = NamedTensors>(
  inputs: readonly tf.Tensor[],
  forward: () => OpResult<T, S>,
): T {
  const op = tf.customGrad<T>((...args) => {
    const result = forward();
    const save = args[args.length - 1];
    if (typeof save !== 'function') throw new TypeError('customGrad passed no save function');
    const names: string[] = [];
    const tensors: tf.Tensor[] = [];
    for (const [name, tensor] of Object.entries(result.saved))
      if (tensor !== undefined) {
        names.push(name);
        tensors.push(tensor);
      }
    save(tensors);
    return {
      value: result.value,
      gradFunc: (dy: T, kept: tf.Tensor[]) => {
        const restored = Object.fromEntries(names.map((name, i) => [name, item(kept, i)]));
        const gradients = result.gradient(dy, Object.assign({}, result.saved, restored));
        // The tape would keep them to the end of the pass; a node is walked once, so their memory can go now.
        tf.dispose(kept);
        return gradients;
      },
    };
  });
  return op(...inputs);
}
