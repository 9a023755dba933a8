import { l2Norm } from '../tensor/index.js';

/** Global L2 norm of `scale` x gradient, summed in double precision in index order. */
export function gradientNorm(gradient: Float32Array, scale: number): number {
  return l2Norm(gradient) * Math.abs(scale);
}

/** The factor torch's clip_grad_norm_ applies: max / (norm + 1e-6), at most 1. @param maxNorm 0 = no clipping. */
export function clipFactor(norm: number, maxNorm: number): number {
  return maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
}
