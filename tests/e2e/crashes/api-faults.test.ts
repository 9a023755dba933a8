import { missing, startRedis, type TestServer } from '@tuneyard/controller/test-servers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judge } from './crash.js';
import { runDisturbed } from './disturbance.js';
import { inParallel } from './in-parallel.js';

const why = missing('redis-server');
/** TUNEYARD_SEED repeats one. */
const given = process.env['TUNEYARD_SEED'];
const FIRST = given === undefined ? Date.now() % 1_000_000 : Number(given);
const SEEDS = Array.from({ length: given === undefined ? 6 : 1 }, (_, i) => FIRST + i);

let redis: TestServer;
beforeAll(async () => {
  if (why === undefined) redis = await startRedis();
});
afterAll(() => redis?.close());

describe.skipIf(why !== undefined)(`an API server that refuses, forgets and breaks off ${why ?? ''}`, () => {
  it('brings the story to the same end, only later', async () => {
    const outcomes = await inParallel(3, SEEDS, async (seed) => {
      const outcome = await runDisturbed(`redis://127.0.0.1:${redis.port}`, seed).catch((error: unknown) => {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      });
      return { seed, faults: judge(outcome), troubles: outcome.troubles };
    });
    const lines = outcomes.map(({ seed, troubles }) => `seed ${seed}: ${JSON.stringify(troubles)}`);
    console.log(`troubles of each run:\n${lines.join('\n')}`);
    expect(outcomes.filter(({ faults }) => faults.length > 0)).toEqual([]);
    // Every kind of trouble has come.
    const kinds = new Set(outcomes.flatMap(({ troubles }) => Object.keys(troubles)));
    if (given === undefined) expect(kinds.size).toBeGreaterThanOrEqual(10);
  }, 300_000);
});
