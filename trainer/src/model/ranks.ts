import type * as tf from '@tensorflow/tfjs-core';
import type { Matrix, Vector } from '../tensor/index.js';

/** The tensor as a matrix; throws a TypeError when it has another rank. */
export function asMatrix(tensor: tf.Tensor): Matrix {
  if (!isMatrix(tensor)) throw new TypeError(`expected a matrix, got shape [${tensor.shape.join(', ')}]`);
  return tensor;
}

/** The tensor as a vector; throws a TypeError when it has another rank. */
export function asVector(tensor: tf.Tensor): Vector {
  if (!isVector(tensor)) throw new TypeError(`expected a vector, got shape [${tensor.shape.join(', ')}]`);
  return tensor;
}

function isMatrix(tensor: tf.Tensor): tensor is Matrix {
  return tensor.rank === 2;
}

function isVector(tensor: tf.Tensor): tensor is Vector {
  return tensor.rank === 1;
}
