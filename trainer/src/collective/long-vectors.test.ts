import { WorkPhase } from '@tuneyard/proto';
import { describe, expect, it } from 'vitest';

import { turnsDuring } from '../support/testing/turns-during.js';
import { Bf16Memory, Bf16Sums } from './bf16-sums.js';
import { deal } from './deal.js';
import { digestOf } from './digest-of.js';
import { F32Sums } from './f32-sums.js';
import { PartialSums, VectorPool } from './partial-sums.js';
import { WorkReduce } from './work-reduce.js';

/** Four slices of 16 MiB. */
const LENGTH = 1 << 24;
const pool = new VectorPool<Float32Array>((length) => new Float32Array(length));
const scalars = { lossSum: 1, trainedTokens: 1 };

/** Peers take a worker that does not answer for dead, however long its vectors are. */
describe('the event loop turns while a long vector', () => {
  it.each([
    ['f32', () => new F32Sums(pool)],
    ['bf16', () => new Bf16Sums(new Bf16Memory(), pool, 1, 1)],
  ])('is added to sums of %s', async (_, formatOf) => {
    const sums = new PartialSums(2, LENGTH, pool, formatOf());
    await sums.add(0, sums.borrow().fill(1), scalars);
    expect(await turnsDuring(() => sums.add(1, sums.borrow().fill(2), scalars))).toBeGreaterThanOrEqual(3);
    const [first, last] = [
      sums.get({ start: 0, size: 2 })?.vector[0],
      sums.get({ start: 0, size: 2 })?.vector.at(-1),
    ];
    expect(last).toBe(first);
  });

  it('is digested', async () => {
    const vector = new Float32Array(LENGTH);
    expect(await turnsDuring(() => digestOf(vector, scalars))).toBeGreaterThanOrEqual(3);
  });

  it('is reduced', async () => {
    const format = new F32Sums(pool);
    const sums = new PartialSums(1, LENGTH, pool, format);
    await sums.add(0, sums.borrow().fill(3), scalars);
    const out = new Float32Array(LENGTH);
    const reduce = new WorkReduce({
      generation: 1,
      step: 1,
      phase: WorkPhase.WORK_PHASE_GRADIENT,
      rank: 0,
      size: 1,
      count: 1,
      deal: deal(1, [[]], [1]),
      out,
      format,
      send: () => expect.unreachable(),
    });
    expect(await turnsDuring(() => reduce.contribute(sums, 0))).toBeGreaterThanOrEqual(3);
    expect(await reduce.done).toEqual(scalars);
    expect([out[0], out.at(-1)]).toEqual([3, 3]);
  });
});
