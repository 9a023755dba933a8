import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { QueueState } from '../queueing/index.js';
import { lentBy } from './lending.js';

const queue = (name: string, nominal: number, more: Partial<QueueState> & { lendingLimit?: number } = {}) =>
  ({
    name,
    quotas: [{ flavor: 'H100', nominal, lendingLimit: more.lendingLimit }],
    cohort: 'company',
    weight: 1,
    stopPolicy: 'none',
    ...more,
  }) as QueueState;
const useOf = (used: Readonly<Record<string, number>>) =>
  new Map(Object.entries(used).map(([name, gpus]) => [name, new Map([['H100', { used: gpus, ending: 0 }]])]));
const lent = (queues: readonly QueueState[], used: Readonly<Record<string, number>>) => {
  const of = lentBy(queues, useOf(used));
  return queues.map((each) => of(each, 'H100'));
};

describe('what queues lend', () => {
  it('is shared by their idle quota', () => {
    expect(lent([queue('a', 8), queue('b', 8), queue('c', 4)], { a: 12, b: 0, c: 4 })).toEqual([0, 4, 0]);
    expect(lent([queue('a', 4), queue('b', 6), queue('c', 2)], { a: 8 })).toEqual([0, 3, 1]);
  });

  it('heeds lending limits and cohorts', () => {
    expect(lent([queue('a', 4), queue('b', 8, { lendingLimit: 2 })], { a: 6 })).toEqual([0, 2]);
    expect(lent([queue('a', 4), queue('b', 8, { cohort: undefined })], { a: 6 })).toEqual([0, 0]);
  });

  it('sums to what is borrowed, where that is idle elsewhere', () => {
    const some = fc.array(fc.tuple(fc.nat(16), fc.nat(24)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(some, (given) => {
        const queues = given.map(([nominal], index) => queue(`q${index}`, nominal));
        const used = Object.fromEntries(given.map(([, gpus], index) => [`q${index}`, gpus]));
        const borrowed = given.reduce((sum, [nominal, gpus]) => sum + Math.max(0, gpus - nominal), 0);
        const idle = given.reduce((sum, [nominal, gpus]) => sum + Math.max(0, nominal - gpus), 0);
        const sum = lent(queues, used).reduce((total, each) => total + each, 0);
        expect(sum).toBeCloseTo(Math.min(borrowed, idle), 9);
      }),
    );
  });
});
