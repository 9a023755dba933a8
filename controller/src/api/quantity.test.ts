import { describe, expect, it } from 'vitest';
import { parseQuantity } from './quantity.js';

describe('parseQuantity', () => {
  it.each([
    ['16', 0, 16],
    ['15500m', 3, 15500],
    ['0.1', 3, 100],
    ['1.5Gi', 0, 1.5 * 2 ** 30],
    ['1056270324Ki', 0, 1056270324 * 1024],
    ['2e3', 0, 2000],
    ['1E', 0, 1e18],
    ['100n', 9, 100],
    ['.5k', 0, 500],
  ])('reads %s in units of 10^-%i', (text, decimals, value) => {
    expect(parseQuantity(text, decimals)).toBe(value);
  });

  it.each(['', 'many', '1 Gi', '1KB', '--1'])('does not read %j', (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });
});
