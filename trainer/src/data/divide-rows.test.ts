import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divideRows, type DividableRow } from './divide-rows.js';
import { digestOf } from './split-by-content.js';

const SHARES = { train: 0.8, validation: 0.1, test: 0.1, seed: 42 };
const rowsOf = (count: number, name = ''): DividableRow[] =>
  Array.from({ length: count }, (_, at) => ({
    digest: digestOf(`${name} ${at}`),
    group: at,
    declared: undefined,
  }));

describe('divideRows of few rows', () => {
  it('leaves no split with a share empty, and depends on the words alone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 60 }), fc.string(), (count, name) => {
        const rows = rowsOf(count, name);
        const { splits, leaks } = divideRows(rows, SHARES);
        expect(new Set(splits)).toEqual(new Set(['train', 'validation', 'test']));
        expect(leaks).toEqual([]);
        const order = rows.map((_, at) => at).reverse();
        expect(divideRows(rows.toReversed(), SHARES).splits).toEqual(order.map((at) => splits[at]));
      }),
    );
  });

  it('moves no row where a split has no share, or a source declares it', () => {
    const { splits } = divideRows(rowsOf(10), { ...SHARES, train: 1, validation: 0, test: 0 });
    expect(new Set(splits)).toEqual(new Set(['train']));
  });

  it('keeps near-duplicates together when one of them is moved', () => {
    const pairs = rowsOf(40, 'pairs').map((row, at) => ({ ...row, group: at >> 1 }));
    expect(divideRows(pairs, { ...SHARES, train: 0.998, validation: 0.001, test: 0.001 }).leaks).toEqual([]);
  });
});
