import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '@tuneyard/proto/display';
import { fitLine } from './fit-line.js';

describe('fitLine', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['合同合同', 5, '合同…'],
    ['a\u001b[2Jb', 10, 'a [2Jb'],
    ['abc', 0, ''],
  ])('%s on %d columns is %s', (text, columns, expected) => expect(fitLine(text, columns)).toBe(expected));

  it('never takes more than its columns', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 40 }), (text, columns) => {
        expect(displayWidth(fitLine(text, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });
});
