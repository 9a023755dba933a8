import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { calmRun, runCase } from './fault-job.js';
import { ALL_CASES } from './faults.js';
import { randomOf } from './random.js';
import { Yard } from './yard.js';

/** TUNEYARD_SEED repeats a run. `npm run test:faults` runs them all. */
const seed = Number(process.env['TUNEYARD_SEED'] ?? Date.now() % 1_000_000);
const random = randomOf(seed);
const SAMPLE = 3;

const rest = [...ALL_CASES];
const cases = Array.from({ length: SAMPLE }, () => rest.splice(Math.floor(rest.length * random()), 1))
  .flat()
  .map((of) => ({ ...of, caseSeed: Math.floor(1_000_000 * random()) }));

let yard: Yard;
let digest = '';
beforeAll(async () => {
  console.log(`seed ${seed}`);
  yard = await Yard.open();
  ({ digest } = await calmRun(yard));
});
afterAll(() => yard.close());

describe('a job of real trainers comes to the same bits, and loses no step,', () => {
  it.each(cases)('through $fault in $phase', async ({ fault, phase, caseSeed }) => {
    const { recoveryMs } = await runCase(yard, { fault, phase }, caseSeed, digest);
    console.log(`seed ${seed}: to the next committed step after ${fault} in ${phase}: ${recoveryMs} ms`);
    expect(recoveryMs).toBeGreaterThan(0);
  });
});
