import { describe, expect, it } from 'vitest';
import { TimeTotals } from './time-shares.js';

describe('TimeTotals', () => {
  it('knows no shares before the first step', () => {
    expect(new TimeTotals().shares(0)).toBeUndefined();
  });

  it('adds up over steps, and counts waiting for data once', () => {
    const totals = new TimeTotals();
    totals.add({ total: 1, computeSeconds: 0.8, dataSeconds: 0.2, reduceSeconds: 0.1, updateSeconds: 0.1 });
    totals.add({ total: 3, computeSeconds: 2, dataSeconds: 0, reduceSeconds: 0.5, updateSeconds: 0.3 });
    const shares = totals.shares(0.25);
    expect(shares?.data).toBeCloseTo(0.05);
    expect(shares?.compute).toBeCloseTo(0.65);
    expect(shares?.allReduce).toBeCloseTo(0.15);
    expect(shares?.update).toBeCloseTo(0.1);
    expect(shares?.padding).toBe(0.25);
  });
});
