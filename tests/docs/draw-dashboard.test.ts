import { describe, expect, it } from 'vitest';
import { drawDashboard, readable } from './draw-dashboard.js';

describe('figures of a dashboard', () => {
  it.each([
    [3210, 's', '53.5 min'],
    [90, 's', '90 s'],
    [0.0042, 's', '4.2 ms'],
    [10_800, 's', '3 h'],
    [604_800, 's', '7 d'],
    [0, 's', '0 s'],
    [0, '', '0'],
    [0.000_05, '', '0.05m'],
    [12_345, '', '12.3k'],
    [2_500_000, 'bytes', '2.5MB'],
    [-120, 's', '-2 min'],
    [0.5, 'percentunit', '50 %'],
    [Number.NaN, 's', '–'],
  ])('%d in %s are %s', (value, unit, text) => {
    expect(readable(value, unit)).toBe(text);
  });

  it('name no tiny number where nothing happened', () => {
    const grid = { x: 0, y: 0, w: 6, h: 6 };
    const drawn = drawDashboard('pool', [
      { title: 'waiting', type: 'timeseries', unit: '', grid, series: [{ name: 'a', values: [0, 0] }] },
      { title: 'used', type: 'bargauge', unit: '', grid, series: [{ name: 'a', values: [0] }] },
    ]);
    expect(drawn).not.toMatch(/\de-|NaN|Infinity/);
  });
});
