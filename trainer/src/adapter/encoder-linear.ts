import { asMatrix, asVector } from '../model/index.js';
import { linear, type Matrix } from '../tensor/index.js';
import type { ParameterVector } from './parameter-vector.js';

/** One trained linear layer of an encoder. */
export function encoderLinear(parameters: ParameterVector, name: string, x: Matrix): Matrix {
  const weight = asMatrix(parameters.tensor(`${name}.weight`));
  return linear(x, weight, asVector(parameters.tensor(`${name}.bias`)), { trainable: true });
}
