import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plotLoss } from './loss-plot.js';

describe('plotLoss', () => {
  it('draws a falling line from the top left to the bottom right', () => {
    const points = Array.from({ length: 50 }, (_, i) => ({ step: i + 1, loss: 5 - (i * 5) / 49 }));
    expect(plotLoss(points, { width: 10, height: 3 })).toEqual([
      '5.00 ┤⠑⠢⢄⡀⠀⠀⠀⠀⠀⠀',
      '     ┤⠀⠀⠀⠈⠒⠤⡀⠀⠀⠀',
      '0.00 ┤⠀⠀⠀⠀⠀⠀⠈⠑⠢⢄',
      '     └──────────',
      '      step 1  50',
    ]);
  });

  it('has nothing to draw before there are two finite points', () => {
    expect(plotLoss([])).toEqual([]);
    expect(
      plotLoss([
        { step: 1, loss: 2 },
        { step: 2, loss: NaN },
      ]),
    ).toEqual([]);
  });

  it('always keeps to its size', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -3, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 300 }),
        (losses) => {
          const lines = plotLoss(
            losses.map((loss, i) => ({ step: i, loss })),
            { width: 20, height: 5 },
          );
          expect(lines).toHaveLength(7);
          for (const line of lines.slice(0, 5)) expect(line.split('┤')[1]).toHaveLength(20);
        },
      ),
    );
  });
});
