import * as tf from '@tensorflow/tfjs-core';
import { FUSED } from '../fused-kernels.js';
import { hasKernel } from '../kernel.js';
import { threefry2x32 } from '../random-bits.js';
import type { Matrix } from '../types.js';

export interface DropoutMaskOptions {
  /** Probability of a zero, 0 <= rate < 1. */
  readonly rate: number;
  /** Integer, 0..2^53-1. */
  readonly seed: number;
  /** Tells apart masks of one seed, such as the index of the layer: integer, 0..2^32-1. Default 0. */
  readonly stream?: number;
}

/**
 * Inverted-dropout mask [rows, columns] of 0 and 1 / (1 - rate).
 * Element 2i and 2i+1 come from the two words of Threefry-2x32 with key = seed and counter = (i, stream): an element
 * is kept when its word is at least rate * 2^32. So a mask depends on nothing but its shape and options, wherever it
 * is computed.
 */
export function dropoutMask([rows, columns]: readonly [number, number], options: DropoutMaskOptions): Matrix {
  const draw = drawing(options);
  if (hasKernel(FUSED.dropoutMask))
    return tf.engine().runKernel<Matrix>(FUSED.dropoutMask, {}, { rows, columns, ...draw });
  return tf.tensor2d(dropoutMaskValues(rows * columns, draw), [rows, columns]);
}

/** A mask's options as the generator takes them. */
interface Drawing {
  readonly key0: number;
  readonly key1: number;
  readonly stream: number;
  readonly threshold: number;
  readonly keep: number;
}

function drawing({ rate, seed, stream = 0 }: DropoutMaskOptions): Drawing {
  if (!(rate >= 0 && rate < 1)) throw new TypeError(`dropoutMask: rate must be in [0, 1), got ${rate}`);
  return {
    key0: seed % 2 ** 32,
    key1: Math.floor(seed / 2 ** 32),
    stream,
    threshold: Math.round(rate * 2 ** 32),
    keep: 1 / (1 - rate),
  };
}

function dropoutMaskValues(size: number, { key0, key1, stream, threshold, keep }: Drawing): Float32Array {
  const values = new Float32Array(size);
  const words = new Uint32Array(2);
  for (let at = 0; at < size; at += 2) {
    threefry2x32(key0, key1, at >>> 1, stream, words);
    values[at] = (words[0] ?? 0) >= threshold ? keep : 0;
    if (at + 1 < size) values[at + 1] = (words[1] ?? 0) >= threshold ? keep : 0;
  }
  return values;
}
