import { describe, expect, it } from 'vitest';
import { secondsToStay, tolerates } from './tolerations.js';

const taint = { key: 'k', value: 'v', effect: 'NoExecute' };

describe('tolerates', () => {
  it.each([
    [{ key: 'k', value: 'v' }, true],
    [{ key: 'k', value: 'other' }, false],
    [{ key: 'k', operator: 'Exists' }, true],
    [{ operator: 'Exists' }, true],
    [{ operator: 'Exists', effect: 'NoSchedule' }, false],
  ])('%j: %s', (toleration, expected) => {
    expect(tolerates(toleration, taint)).toBe(expected);
  });
});

describe('secondsToStay', () => {
  it('is the shortest toleration in use, 0 without one, for ever without a limit', () => {
    const all = { operator: 'Exists' };
    expect(secondsToStay([], [])).toBe(Infinity);
    expect(secondsToStay([], [{ ...taint, effect: 'NoSchedule' }])).toBe(Infinity);
    expect(secondsToStay([], [taint])).toBe(0);
    expect(secondsToStay([all], [taint])).toBe(Infinity);
    expect(secondsToStay([all, { ...all, tolerationSeconds: 30 }], [taint])).toBe(30);
    expect(secondsToStay([{ key: 'k', operator: 'Exists' }], [taint, { ...taint, key: 'other' }])).toBe(0);
    expect(secondsToStay([{ ...all, tolerationSeconds: -5 }], [taint])).toBe(0);
  });
});
