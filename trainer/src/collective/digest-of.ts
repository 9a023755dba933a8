import { createHash } from 'node:crypto';

import type { Scalars } from './group.js';
import { bytesOf } from './wire-format.js';

/** sha256 (hex) of the exact bits that a unit came to. */
export function digestOf(vector: Float32Array, { lossSum, trainedTokens }: Scalars): string {
  return createHash('sha256')
    .update(bytesOf(vector))
    .update(bytesOf(Float64Array.of(lossSum, trainedTokens)))
    .digest('hex');
}
