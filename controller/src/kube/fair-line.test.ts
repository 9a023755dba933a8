import { describe, expect, it } from 'vitest';
import { FakeClock } from './fake-clock.js';
import { FairLine } from './fair-line.js';
import { rateLimiterByTenant, WorkQueue } from './work-queue.js';

const turn = (tenant: string, isUrgent = false) => ({ tenant, isUrgent });
const all = (line: FairLine) => Array.from({ length: line.size }, () => line.take());

describe('FairLine', () => {
  it('gives one tenant after the other a turn, each in the order of arrival', () => {
    const line = new FairLine();
    for (const key of ['a1', 'a2', 'a3']) line.add(key, turn('a'));
    line.add('b1', turn('b'));
    line.add('a1', turn('a'));
    line.add('c1', turn('c'));
    expect(all(line)).toEqual(['a1', 'b1', 'c1', 'a2', 'a3']);
    expect(line.take()).toBeUndefined();
  });

  it('gives urgent keys the first turns, also those that became so while they waited', () => {
    const line = new FairLine();
    for (const key of ['a1', 'a2', 'a3']) line.add(key, turn('a'));
    line.add('a3', turn('a', true));
    line.add('a3', turn('a'));
    line.delete('a1');
    expect(all(line)).toEqual(['a3', 'a2']);
  });
});

describe('WorkQueue with tenants', () => {
  it('lets a tenant with one key wait for one key of each other, whatever they have', async () => {
    const queue = new WorkQueue({ turnOf: (key) => turn(key[0] ?? '') });
    for (let at = 0; at < 2000; at++) queue.add(`a${at}`);
    queue.add('b');
    expect([await queue.take(), await queue.take()]).toEqual(['a0', 'b']);
  });

  it('does not put off the failures of one tenant for those of another', () => {
    const limiter = rateLimiterByTenant((key) => key[0] ?? '', new FakeClock());
    for (let at = 0; at < 500; at++) limiter.when(`a${at}`);
    expect(limiter.when('a')).toBeGreaterThan(30_000);
    expect(limiter.when('b')).toBe(5);
  });
});
