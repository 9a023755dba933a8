import { createHash } from 'node:crypto';

import { inSlices } from '../support/index.js';
import type { Scalars } from './group.js';
import { bytesOf } from './wire-format.js';

/** sha256 (hex) of the exact bits that a unit came to. */
export async function digestOf(vector: Float32Array, { lossSum, trainedTokens }: Scalars): Promise<string> {
  const hash = createHash('sha256');
  await inSlices(vector.length, vector.BYTES_PER_ELEMENT, (start, end) =>
    hash.update(bytesOf(vector.subarray(start, end))),
  );
  return hash.update(bytesOf(Float64Array.of(lossSum, trainedTokens))).digest('hex');
}
