import { describe, expect, it } from 'vitest';

import { copyInSlices, inSlices, SLICE_BYTES } from './in-slices.js';
import { turnsDuring } from './testing/turns-during.js';

describe('work in slices', () => {
  it('covers everything once, in order', async () => {
    const slices: [number, number][] = [];
    const length = 2.5 * (SLICE_BYTES / 4);
    await inSlices(length, 4, (start, end) => slices.push([start, end]));
    expect(slices).toEqual([
      [0, SLICE_BYTES / 4],
      [SLICE_BYTES / 4, SLICE_BYTES / 2],
      [SLICE_BYTES / 2, length],
    ]);
    await inSlices(0, 4, () => expect.unreachable());
  });

  it('lets the event loop turn between slices', async () => {
    const source = new Uint8Array(4 * SLICE_BYTES).fill(7);
    const target = new Uint8Array(source.length);
    expect(await turnsDuring(() => copyInSlices(target, source))).toBeGreaterThanOrEqual(3);
    expect(Buffer.compare(source, target)).toBe(0);
  });
});
