// The compute thread of a trainer whose machine may miscalculate, or fail in the middle of a gradient.
import { parentPort, workerData } from 'node:worker_threads';

import * as tf from '@tensorflow/tfjs-core';
import type { Scalars } from '@tuneyard/trainer/collective';
import { serveWorkbench, Workbench, type ComputeThreadOptions } from '@tuneyard/trainer/loop';

import { Fuse } from './fuse.js';

export interface ShakyThreadOptions extends ComputeThreadOptions {
  /** From this step on one bit of every gradient is wrong. */
  readonly flawedFrom: number | undefined;
  readonly fuse: SharedArrayBuffer;
}

// eslint-disable-next-line typescript/no-unsafe-type-assertion
const options = workerData as ShakyThreadOptions;
const fuse = new Fuse(options.fuse);

class ShakyWorkbench extends Workbench {
  override async gradient(step: number, index: number, out: Float32Array): Promise<Scalars> {
    const scalars = await super.gradient(step, index, out);
    if (options.flawedFrom !== undefined && step >= options.flawedFrom) {
      const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
      bits[7] = (bits[7] ?? 0) ^ 1;
    }
    return scalars;
  }
}

const engine = tf.engine();
const tidy = engine.tidy.bind(engine);
// The engine of tfjs calls the two halves of a gradient so.
engine.tidy = (nameOrCompute, compute) => {
  if (nameOrCompute === 'forward' || nameOrCompute === 'backward') fuse.reached(nameOrCompute);
  return tidy(nameOrCompute, compute);
};
if (parentPort === null) throw new Error('runs as a worker thread only');
serveWorkbench(parentPort, new ShakyWorkbench());
