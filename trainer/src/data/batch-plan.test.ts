import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBatchPlan } from './batch-plan.js';
import type { Example } from './encode-conversation.js';
import { IGNORED_LABEL, type BatchPlan } from './micro-batch.js';

/** Example number n: n in every position, so that rows can be told apart. */
function example(name: number, length: number): Example {
  const inputIds = new Int32Array(length).fill(name);
  return {
    inputIds,
    trained: new Uint8Array(length).fill(1),
    promptLength: 0,
    reference: '',
    place: `x:${name}`,
  };
}

const lengths = fc.array(fc.integer({ min: 2, max: 40 }), { minLength: 1, maxLength: 60 });
const training = fc
  .record({
    microBatchSize: fc.integer({ min: 1, max: 4 }),
    micro: fc.integer({ min: 1, max: 4 }),
    seed: fc.nat(),
  })
  .map(({ microBatchSize, micro, seed }) => ({
    microBatchSize,
    batchSize: microBatchSize * micro,
    epochs: 2,
    steps: 0,
    seed,
  }));

function planOf(
  sizes: readonly number[],
  options: Parameters<typeof createBatchPlan>[1],
  packing: boolean,
): BatchPlan {
  const examples = sizes.map((size, index) => example(index + 1, size));
  const data = { train: [{ examples, weight: 1 }], validation: examples, padId: 0 };
  return createBatchPlan(data, options, { packing, maxLength: 64 });
}

/** Examples met in one epoch: name -> tokens. */
function met(plan: BatchPlan, epoch: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (let step = 1; step <= plan.stepsPerEpoch; step++) {
    for (let index = 0; index < plan.microBatchesPerStep; index++) {
      const { inputIds, segmentIds } = plan.microBatch(epoch * plan.stepsPerEpoch + step, index);
      for (const [place, id] of inputIds.entries()) {
        if (segmentIds[place]) counts.set(id, (counts.get(id) ?? 0) + 1);
      }
    }
  }
  return counts;
}

describe('createBatchPlan', () => {
  it('shows every token of every example once an epoch, packed or not', () => {
    fc.assert(
      fc.property(lengths, training, fc.boolean(), (sizes, options, packing) => {
        const plan = planOf(sizes, options, packing);
        for (const epoch of [0, 1]) {
          expect(met(plan, epoch)).toEqual(
            new Map([...met(plan, epoch)].map(([name]) => [name, sizes[name - 1]])),
          );
          expect(met(plan, epoch).size).toBe(sizes.length);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is a function of data and seed', () => {
    fc.assert(
      fc.property(lengths, training, fc.boolean(), (sizes, options, packing) => {
        const [a, b] = [planOf(sizes, options, packing), planOf(sizes, options, packing)];
        // Asked in another order, so that nothing may depend on what was asked before.
        const last = b.microBatch(b.totalSteps, 0);
        expect(b.microBatch(1, 0)).toEqual(a.microBatch(1, 0));
        expect(a.microBatch(a.totalSteps, 0)).toEqual(last);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps rows well formed: multiples of 8, segments apart, positions from 0, nothing trained at a seam', () => {
    fc.assert(
      fc.property(lengths, training, (sizes, options) => {
        const plan = planOf(sizes, options, true);
        for (let index = 0; index < plan.microBatchesPerStep; index++) {
          const batch = plan.microBatch(1, index);
          expect(batch.length % 8).toBe(0);
          for (let place = 0; place < batch.batch * batch.length; place++) {
            const segment = batch.segmentIds[place];
            const begins = place % batch.length === 0 || batch.segmentIds[place - 1] !== segment;
            if (segment === 0) expect(batch.labels[place]).toBe(IGNORED_LABEL);
            else if (begins) expect(batch.positionIds[place]).toBe(0);
            else expect(batch.positionIds[place]).toBe((batch.positionIds[place - 1] ?? 0) + 1);
            if (begins && place % batch.length !== 0) expect(batch.labels[place]).toBe(IGNORED_LABEL);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives another order to another epoch and another seed', () => {
    const sizes = Array.from({ length: 32 }, () => 8);
    const options = { batchSize: 8, microBatchSize: 8, epochs: 2, steps: 0, seed: 1 };
    const plan = planOf(sizes, options, false);
    const other = planOf(sizes, { ...options, seed: 2 }, false);
    expect(plan.microBatch(1, 0)).not.toEqual(plan.microBatch(1 + plan.stepsPerEpoch, 0));
    expect(plan.microBatch(1, 0)).not.toEqual(other.microBatch(1, 0));
  });

  it('draws a source as often as its weight says', () => {
    const data = {
      train: [
        { examples: Array.from({ length: 10 }, () => example(1, 4)), weight: 2 },
        { examples: Array.from({ length: 10 }, () => example(2, 4)), weight: 0.5 },
      ],
      validation: [],
      padId: 0,
    };
    const options = { batchSize: 5, microBatchSize: 5, epochs: 1, steps: 0, seed: 1 };
    const plan = createBatchPlan(data, options, { packing: false, maxLength: 8 });
    expect(met(plan, 0)).toEqual(
      new Map([
        [1, 80],
        [2, 20],
      ]),
    );
  });

  it('pads less than a plain shuffle would, and says how much', () => {
    const sizes = Array.from({ length: 64 }, (_, index) => (index % 2 === 0 ? 8 : 40));
    const options = { batchSize: 32, microBatchSize: 4, epochs: 1, steps: 0, seed: 3 };
    expect(planOf(sizes, options, false).paddingShare).toBeLessThan(0.2);
    expect(planOf(sizes, options, true).paddingShare).toBeLessThan(0.03);
  });

  it('evaluates every validation example once', () => {
    const plan = planOf(
      [4, 8, 12, 16, 20],
      { batchSize: 2, microBatchSize: 2, epochs: 1, steps: 0, seed: 3 },
      false,
    );
    const names = Array.from({ length: plan.validationBatches }, (_, index) =>
      plan.validationBatch(index),
    ).flatMap((batch) => Array.from({ length: batch.batch }, (_, row) => batch.inputIds[row * batch.length]));
    expect(names.toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual([1, 2, 3, 4, 5]);
  });

  it('refuses a micro-batch size that does not divide the batch size', () => {
    const options = { batchSize: 6, microBatchSize: 4, epochs: 1, steps: 0, seed: 3 };
    expect(() => planOf([4], options, false)).toThrow(/must divide/);
  });
});
