import { registerElementwiseGradients } from './elementwise.js';
import { registerStructuralGradients } from './structural.js';

/**
 * tfjs-core for Node ships without any gradient registered. This registers those that models and adapters use:
 * add, addN, sub, mul, div, neg, exp, log, square, sqrt, rsqrt, tanh, sigmoid, relu, where, clone, cast, matMul,
 * sum, mean, softmax, reshape, expandDims, transpose, concat, stack, slice, split, tile.
 */
export function registerGradients(): void {
  registerElementwiseGradients();
  registerStructuralGradients();
}
