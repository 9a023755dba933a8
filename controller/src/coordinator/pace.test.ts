import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DEFAULT_PACE_SETTINGS as settings, gainOf, sharesOf, slowness } from './pace.js';

const seconds = fc.double({ min: 1e-3, max: 1e3, noNaN: true });

describe('shares', () => {
  it('are in proportion to speed, and those of unknown speed average', () => {
    expect(sharesOf([0.1, 0.1, 0.1, 0.2], settings)).toEqual([1.14, 1.14, 1.14, 0.57]);
    expect(sharesOf([undefined, 0.1, 0], settings)).toEqual([1, 1, 1]);
    expect(sharesOf([undefined, undefined], settings)).toEqual([1, 1]);
  });

  it('stay within their bounds; equal bounds switch them off', () => {
    fc.assert(
      fc.property(fc.array(fc.option(seconds, { nil: undefined }), { minLength: 1 }), (paces) => {
        for (const share of sharesOf(paces, settings)) {
          expect(share).toBeGreaterThanOrEqual(0.5);
          expect(share).toBeLessThanOrEqual(2);
        }
        expect(new Set(sharesOf(paces, { leastShare: 1, mostShare: 1 }))).toEqual(new Set([1]));
      }),
    );
  });

  it('are worth what they save', () => {
    const paces = [0.1, 0.1, 0.1, 0.2];
    const next = sharesOf(paces, settings);
    expect(gainOf(paces, [1, 1, 1, 1], next)).toBeCloseTo(0.43, 2);
    expect(gainOf(paces, next, next)).toBe(0);
    expect(gainOf([0.1, undefined], [1, 1], [2, 0.5])).toBe(0);
  });
});

describe('slowness', () => {
  it('compares with the median of the others', () => {
    expect(slowness([0.1, 0.3], 1)).toBeCloseTo(3);
    expect(slowness([0.1, 0.2, 0.9], 2)).toBeCloseTo(4.5);
    expect(slowness([0.1, 5, 0.1, 0.3], 3)).toBeCloseTo(3);
    expect(slowness([0.1, undefined], 1)).toBeUndefined();
    expect(slowness([0.1], 0)).toBeUndefined();
  });
});
