import * as tf from '@tensorflow/tfjs-core';
import { item } from '../item.js';
import { Attributes } from '../attributes.js';

/** One thunk per differentiable input, so that the tape computes only what it needs. */
export type InputGradients = Readonly<Record<string, () => tf.Tensor>>;

export interface GradientDefinition {
  readonly kernelName: string;
  /** Names of the kernel's inputs that the gradient reads. */
  readonly inputs?: readonly string[];
  /** True when the gradient reads the kernel's first output. */
  readonly output?: boolean;
  /** True for kernels with an array of inputs (Concat, Pack, AddN). */
  readonly allInputs?: boolean;
  /**
   * `saved` holds the inputs in the order named, then the output.
   * `dy` is the gradient of the first output, `dys` those of all outputs.
   */
  gradient(dy: tf.Tensor, saved: tf.Tensor[], attrs: Attributes, dys: tf.Tensor[]): InputGradients;
}

/** Registers a gradient unless some package (such as `@tensorflow/tfjs`) has registered one already. */
export function defineGradient(definition: GradientDefinition): void {
  if (tf.getGradient(definition.kernelName) !== undefined) return;
  tf.registerGradient({
    kernelName: definition.kernelName,
    inputsToSave: [...(definition.inputs ?? [])],
    outputsToSave: definition.output === true ? [true] : [],
    saveAllInputs: definition.allInputs === true,
    gradFunc: (dy, saved, attrs) => {
      const dys = Array.isArray(dy) ? dy : [dy];
      return { ...definition.gradient(item(dys, 0), saved, new Attributes(attrs), dys) };
    },
  });
}

/** Sums `dy` back to `shape` after broadcasting. Always a new tensor object: the tape disposes what it adds up. */
export function sumToShape(dy: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, dy.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(dy, axes) : dy, shape);
}
