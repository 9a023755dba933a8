import * as tf from '@tensorflow/tfjs-core';
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
export function dropoutMask(shape: readonly [number, number], options: DropoutMaskOptions): Matrix {
  return tf.tensor2d(dropoutMaskValues(shape[0] * shape[1], options), [shape[0], shape[1]]);
}

export function dropoutMaskValues(
  size: number,
  { rate, seed, stream = 0 }: DropoutMaskOptions,
): Float32Array {
  if (!(rate >= 0 && rate < 1)) throw new TypeError(`dropoutMask: rate must be in [0, 1), got ${rate}`);
  const keep = 1 / (1 - rate);
  const threshold = Math.round(rate * 2 ** 32);
  const [low, high] = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
  const values = new Float32Array(size);
  const words = new Uint32Array(2);
  for (let at = 0; at < size; at += 2) {
    threefry2x32(low, high, at >>> 1, stream, words);
    values[at] = (words[0] ?? 0) >= threshold ? keep : 0;
    if (at + 1 < size) values[at + 1] = (words[1] ?? 0) >= threshold ? keep : 0;
  }
  return values;
}
