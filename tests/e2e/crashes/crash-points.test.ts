import { missing, startRedis, type TestServer } from '@tuneyard/controller/test-servers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CrashPoint, judge, tryPoint, undisturbed } from './crash.js';
import { inParallel } from './in-parallel.js';

const why = missing('redis-server');

let redis: TestServer;
let url: string;
beforeAll(async () => {
  if (why !== undefined) return;
  redis = await startRedis();
  url = `redis://127.0.0.1:${redis.port}`;
});
afterAll(() => redis?.close());

describe.skipIf(why !== undefined)(`a controller that dies at a write ${why ?? ''}`, () => {
  it('is followed by one that comes to the same end, whichever of all writes it was', async () => {
    const calm = await undisturbed(url);
    expect(judge(calm)).toEqual([]);
    expect(calm.writes.length).toBeGreaterThan(25);
    // Every other one before the server has it, the rest after; npm run test:crashes tries both of each.
    const points = calm.writes.map((write, i): CrashPoint => ({
      write,
      when: i % 2 === 0 ? 'before' : 'after',
    }));
    const verdicts = await inParallel(8, points, (point) => tryPoint(url, point));
    const lines = verdicts.map(
      ({ write, when, isReached, seconds }) =>
        `${when} ${write}: ${isReached ? `${seconds.toFixed(1)} s` : 'not written in that run'}`,
    );
    console.log(`crash points, in the order of a run that nobody disturbed:\n${lines.join('\n')}`);
    expect(verdicts.filter(({ faults }) => faults.length > 0)).toEqual([]);
    const reached = verdicts.filter(({ isReached }) => isReached).length;
    expect(reached).toBeGreaterThan(0.8 * points.length);
  }, 300_000);
});
