import { describe, expect, it } from 'vitest';
import { schedule } from './cycle.js';
import type { PendingJob, RunningJob } from './snapshot.js';
import { job, node, queue, repeat, running, snapshot } from './test-cluster.js';

const DAY = 86_400_000;
const NOW = 10 * DAY;
const owner = queue('owner', 2, { cohort: 'c' });
const team = queue('team', 0, { cohort: 'c' });
const other = queue('other', 0, { cohort: 'c' });

const borrower = (key: string, more: Partial<RunningJob> = {}) =>
  running(key, ['a'], { queueName: 'team', startedAt: NOW - 1000, ...more });
const wanted = job('wanted', { queueName: 'owner' });

const plan = (
  held: readonly RunningJob[],
  postponed: ReadonlyMap<string, number> = new Map(),
  pending: readonly PendingJob[] = [wanted],
) => {
  const nodes = [node('a', held.length, held.length)];
  return schedule({ ...snapshot(nodes, [owner, team, other], pending, held, NOW), postponed });
};
const evicted = (...args: Parameters<typeof plan>) => plan(...args).evictions.map(({ key }) => key);

describe('reclaiming what was borrowed', () => {
  it('waits for no job that never said when it ends, however long its grace is', () => {
    expect(evicted([borrower('silent', { graceMs: DAY })])).toEqual(['silent']);
  });

  it('waits once for a job that says when it ends, for as long as it had to make room', () => {
    const late = [borrower('late', { graceMs: 60_000, estimatedEnd: NOW + 50_000 })];
    const first = plan(late);
    expect(first.evictions).toEqual([]);
    expect([...(first.postponed ?? [])]).toEqual(['wanted']);
    expect(evicted(late, new Map([['wanted', NOW - 5_000]]))).toEqual([]);
    // It said the same a minute ago.
    expect(evicted(late, new Map([['wanted', NOW - 60_000]]))).toEqual(['late']);
  });

  it('takes from the job that loses least, whatever priorities teams give their own', () => {
    const proud = borrower('proud', { priority: 1e9, startedAt: NOW - 1000 });
    const modest = borrower('modest', { queueName: 'other', priority: -1e9, startedAt: NOW - 100_000 });
    expect(evicted([proud, modest])).toEqual(['proud']);
    // Among jobs of one team its priorities do count.
    expect(evicted([proud, { ...modest, queueName: 'team' }])).toEqual(['modest']);
  });

  it('takes workers beyond the fewest from other teams whatever their priorities', () => {
    const wide = running('wide', repeat('a', 2), {
      queueName: 'team',
      min: 1,
      max: 2,
      priority: 1e9,
      startedAt: 0,
    });
    const resizes = schedule(
      snapshot([node('a', 2, 2)], [queue('owner', 2), queue('team', 2)], [wanted], [wide], NOW),
    ).resizes;
    expect(resizes).toMatchObject([{ key: 'wide', nodes: ['a'], for: 'wanted' }]);
  });
});

describe('the turns of queues', () => {
  it('go by age, not by what priority each team gives its jobs', () => {
    const queues = [queue('one', 4), queue('two', 4)];
    const older = job('older', { queueName: 'one', priority: -5, createdAt: 1 });
    const younger = job('younger', { queueName: 'two', priority: 1e9, createdAt: 2 });
    const { admissions } = schedule(snapshot([node('a', 1)], queues, [older, younger]));
    expect(admissions.map(({ key }) => key)).toEqual(['older']);
  });

  it('give idle GPUs to the older job of two teams', () => {
    const queues = [queue('one', 4), queue('two', 4)];
    const grows = (key: string, queueName: string, priority: number, createdAt: number) =>
      running(key, ['b'], { queueName, priority, createdAt, min: 1, max: 2, startedAt: 0 });
    const held = [grows('younger', 'two', 1e9, 2), grows('older', 'one', 0, 1)];
    const { resizes } = schedule(snapshot([node('a', 1), node('b', 2, 2)], queues, [], held, NOW));
    expect(resizes.map(({ key }) => key)).toEqual(['older']);
  });
});
