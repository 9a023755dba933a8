import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FineTuneJob } from '../../api/index.js';
import { JobHistory } from './job-history.js';

const at = (step: number, trainLoss?: number) =>
  ({ status: { progress: { step, ...(trainLoss === undefined ? {} : { trainLoss }) } } }) as FineTuneJob;

describe('JobHistory', () => {
  it('keeps the curve, and the pace of the last minute', () => {
    const history = new JobHistory();
    for (let step = 1; step <= 10; step++) history.observe(at(step, 10 - step), step * 1000);
    for (let step = 11; step <= 100; step++) history.observe(at(step, 0), 10_000 + (step - 10) * 2000);
    expect(history.losses.slice(0, 2)).toEqual([
      { step: 1, loss: 9 },
      { step: 2, loss: 8 },
    ]);
    expect(history.stepsPerSecond).toBeCloseTo(0.5);
  });

  it('has a pace for a job with a step in several minutes', () => {
    const history = new JobHistory();
    history.observe(at(1), 0);
    expect(history.stepsPerSecond).toBeUndefined();
    history.observe(at(2), 200_000);
    expect(history.stepsPerSecond).toBeCloseTo(0.005);
  });

  it('takes back the steps that are done again after a checkpoint', () => {
    const history = new JobHistory();
    for (const step of [1, 2, 3, 4, 2, 3]) history.observe(at(step, step), step * 1000);
    expect(history.losses.map(({ step }) => step)).toEqual([1, 2, 3]);
  });

  it('stays within its bounds, with steps in order, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(100_000), { maxLength: 200 }),
        fc.integer({ min: 1, max: 50 }),
        (steps, repeats) => {
          const history = new JobHistory();
          let now = 0;
          for (let round = 0; round < repeats; round++)
            for (const step of steps) history.observe(at(step + round * 100_000, 1), (now += 100));
          const seen = history.losses.map(({ step }) => step);
          expect(seen.length).toBeLessThanOrEqual(2000);
          expect(seen).toEqual([...seen].sort((a, b) => a - b));
          expect(history.stepsPerSecond ?? 0).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: 50 },
    );
  });
});
