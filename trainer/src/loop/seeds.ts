/**
 * The dropout seed of one micro-batch: a function of the run's seed, the step and the micro-batch index, so that
 * the mask does not depend on which worker computes it. 32-bit finalizer of MurmurHash3 over the three numbers.
 */
export function dropoutSeed(seed: number, step: number, microBatch: number): number {
  return mix(mix(mix(seed | 0) ^ step) ^ Math.imul(microBatch + 1, 0x9e3779b1)) >>> 0;
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
