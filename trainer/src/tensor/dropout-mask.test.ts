import { beforeAll, describe, expect, test } from 'vitest';
import { dropoutMask, type DropoutMaskOptions } from './index.js';
import { testBackends } from './testing/backends.js';

/** The first bits of key 7 + 2^40, stream 3: what every backend must draw. */
const KEPT = '011001110011111101111111';

describe.each(testBackends.map((backend) => [backend.name, backend] as const))('on %s', (_name, backend) => {
  let missing: string | undefined;
  beforeAll(async () => {
    missing = await backend.start();
  });

  const draw = (rows: number, columns: number, options: DropoutMaskOptions): Float32Array => {
    const mask = backend.run(() => dropoutMask([rows, columns], options));
    const values = mask.dataSync<'float32'>();
    mask.dispose();
    return values;
  };
  const options = { rate: 0.25, seed: 2 ** 40 + 7, stream: 3 };

  test('a mask keeps 1 - rate, rescales, and depends on seed, stream and element alone', ({ skip }) => {
    skip(missing !== undefined, missing);
    const mask = draw(59, 339, options);
    const kept = mask.filter((value) => value !== 0);
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / 0.75)]));
    expect(kept.length / mask.length).toBeCloseTo(0.75, 2);
    expect(Array.from(mask.slice(0, 24), (value) => (value === 0 ? 0 : 1)).join('')).toBe(KEPT);
    for (const size of [1, 7, 8, 100]) expect(draw(1, size, options)).toEqual(mask.slice(0, size));
    for (const other of [{ seed: 7 }, { seed: 2 ** 41 + 7 }, { stream: 4 }])
      expect(draw(10, 10, { ...options, ...other })).not.toEqual(mask.slice(0, 100));
    expect(draw(3, 3, { rate: 0, seed: 1 })).toEqual(new Float32Array(9).fill(1));
  });
});
