import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schedule } from './cycle.js';
import { job, node, queue, repeat, running, snapshot, why } from './test-cluster.js';

const many = (prefix: string, count: number, queueName: string, priority = 0) =>
  Array.from({ length: count }, (_, i) => job(`${prefix}${i}`, { queueName, priority }));

describe('fair order between queues', () => {
  const inCohort = (name: string, nominal: number, weight = 1) =>
    queue(name, nominal, { cohort: 'c', weight });

  it('serves nominal quotas before anybody borrows, whatever the priority', () => {
    const jobs = [...many('a', 6, 'a', 5), ...many('b', 4, 'b')];
    const plan = schedule(snapshot([node('n', 8)], [inCohort('a', 4), inCohort('b', 4)], jobs));
    const admitted = plan.admissions.map(({ key }) => key[0]);
    expect(admitted.filter((name) => name === 'a')).toHaveLength(4);
    expect(admitted.filter((name) => name === 'b')).toHaveLength(4);
  });

  it('divides what is lent by weight', () => {
    const queues = [inCohort('light', 0, 1), inCohort('heavy', 0, 3), inCohort('lender', 16)];
    const jobs = [...many('l', 20, 'light'), ...many('h', 20, 'heavy')];
    const plan = schedule(snapshot([node('n', 16)], queues, jobs));
    const count = (letter: string) => plan.admissions.filter(({ key }) => key.startsWith(letter)).length;
    expect([count('l'), count('h')]).toEqual([4, 12]);
  });

  it('takes what a queue uses already into account', () => {
    const queues = [inCohort('rich', 0), inCohort('poor', 0), inCohort('lender', 8)];
    const held = [running('r', repeat('n', 4), { queueName: 'rich' })];
    const jobs = [...many('r', 4, 'rich', 9), ...many('p', 4, 'poor')];
    const plan = schedule(snapshot([node('n', 8, 4)], queues, jobs, held));
    expect(plan.admissions.every(({ key }) => key.startsWith('p'))).toBe(true);
  });

  it('never gives a queue that borrows more while one within its quota waits for what fits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 2, maxLength: 4 }),
        fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 0, max: 2 })), { maxLength: 30 }),
        fc.integer({ min: 0, max: 20 }),
        (nominal, wanted, gpus) => {
          const queues = nominal.map((quota, i) => inCohort(`q${i}`, quota));
          const jobs = wanted.map(([index, priority], i) =>
            job(`j${i}`, { queueName: `q${index % queues.length}`, priority }),
          );
          const plan = schedule(snapshot([node('n', gpus)], queues, jobs));
          const started = new Set(plan.admissions.map(({ key }) => key));
          const used = queues.map(
            ({ name }) => jobs.filter(({ key, queueName }) => queueName === name && started.has(key)).length,
          );
          const borrows = used.some((count, i) => count > (nominal[i] ?? 0));
          const short = queues.some(
            ({ name }, i) =>
              (used[i] ?? 0) < (nominal[i] ?? 0) &&
              jobs.some(({ key, queueName }) => queueName === name && !started.has(key)),
          );
          expect(borrows && short).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('drains and holds: a stopped queue starts nothing but lends its quota', () => {
    const queues = [queue('off', 4, { cohort: 'c', stopPolicy: 'hold' }), inCohort('on', 0)];
    const plan = schedule(
      snapshot([node('n', 4)], queues, [job('x', { queueName: 'off' }), job('y', { queueName: 'on' })]),
    );
    expect(plan.admissions.map(({ key }) => key)).toEqual(['y']);
    expect(why(plan, 'x')).toMatchObject({ reason: 'QueueStopped' });
  });
});
