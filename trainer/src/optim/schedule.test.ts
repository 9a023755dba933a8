import { describe, expect, it } from 'vitest';
import { learningRateAt, warmupStepsOf } from './schedule.js';

describe('learningRateAt', () => {
  const schedule = { learningRate: 0.002, warmupSteps: 2, totalSteps: 10 };
  const rates = (scheduler: string) =>
    Array.from({ length: 11 }, (_, done) => learningRateAt(done, { ...schedule, scheduler }));

  it('warms up linearly from zero', () => {
    for (const scheduler of ['constant', 'linear', 'cosine']) {
      expect(rates(scheduler).slice(0, 3)).toEqual([0, 0.001, 0.002]);
    }
  });

  it('decays linearly to zero at the last step', () => {
    expect(rates('linear')[3]).toBeCloseTo(0.00175, 12);
    expect(rates('linear')[9]).toBeCloseTo(0.00025, 12);
    expect(rates('linear')[10]).toBe(0);
  });

  it('follows half a cosine', () => {
    expect(rates('cosine')[3]).toBeCloseTo(0.0019238795325112869, 15);
    expect(rates('cosine')[9]).toBeCloseTo(7.612046748871326e-5, 15);
  });

  it('keeps a constant rate after the warm-up', () => {
    expect(rates('constant').slice(2)).toEqual(Array.from({ length: 9 }, () => 0.002));
  });

  it('starts at the peak without a warm-up', () => {
    expect(learningRateAt(0, { scheduler: 'cosine', learningRate: 1, warmupSteps: 0, totalSteps: 4 })).toBe(
      1,
    );
  });

  it('names an unknown scheduler', () => {
    expect(() => learningRateAt(5, { ...schedule, scheduler: 'sawtooth' })).toThrow(
      /sawtooth.*constant, linear, cosine/,
    );
  });

  it('rounds the warm-up share up', () => {
    expect(warmupStepsOf(0.03, 100)).toBe(3);
    expect(warmupStepsOf(0.03, 101)).toBe(4);
    expect(warmupStepsOf(0, 101)).toBe(0);
  });
});
