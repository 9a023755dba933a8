import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuotaLedger } from './quota-ledger.js';
import type { QueueState } from './queue-state.js';

const limit = fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined });
const arbitraryQueues = fc.array(
  fc.record({ nominal: fc.integer({ min: 0, max: 8 }), borrowingLimit: limit, lendingLimit: limit }),
  { minLength: 1, maxLength: 4 },
);
const arbitraryTakes = fc.array(
  fc.record({ queue: fc.nat({ max: 3 }), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  { maxLength: 20 },
);

const inCohort = (
  parts: readonly {
    nominal: number;
    borrowingLimit?: number | undefined;
    lendingLimit?: number | undefined;
  }[],
) =>
  parts.map((quota, i): QueueState => ({
    name: `q${i}`,
    quotas: [{ flavor: 'H100', ...quota }],
    cohort: 'c',
    weight: 1,
    stopPolicy: 'none',
  }));

describe('QuotaLedger', () => {
  it('lends no more than lending, borrowing and nominal quotas allow, whoever takes what is offered', () => {
    fc.assert(
      fc.property(arbitraryQueues, arbitraryTakes, (parts, takes) => {
        const queues = inCohort(parts);
        const ledger = new QuotaLedger(queues);
        const used = queues.map(() => 0);
        for (const { queue, share } of takes) {
          const index = queue % queues.length;
          const gpus = Math.round((ledger.view(`q${index}`, 'H100')?.available ?? 0) * share);
          ledger.take(`q${index}`, 'H100', gpus);
          used[index] = (used[index] ?? 0) + gpus;
        }
        queues.forEach(({ name, quotas }, i) => {
          const { nominal, borrowingLimit } = quotas[0]!;
          const view = ledger.view(name, 'H100')!;
          expect(view.used).toBe(used[i]);
          expect(view.used).toBeLessThanOrEqual(nominal + (borrowingLimit ?? Number.POSITIVE_INFINITY));
          expect(view.used).toBeLessThanOrEqual(view.ceiling);
        });
        // What others took beyond their own quotas is at most what was lent, and what is kept back is still there.
        const borrowed = queues.map(({ quotas }, i) => Math.max(0, (used[i] ?? 0) - quotas[0]!.nominal));
        const lendable = queues.map(({ quotas }, i) => {
          const { nominal, lendingLimit } = quotas[0]!;
          return Math.min(lendingLimit ?? nominal, Math.max(0, nominal - (used[i] ?? 0)));
        });
        const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
        expect(sum(used)).toBeLessThanOrEqual(sum(queues.map(({ quotas }) => quotas[0]!.nominal)));
        expect(sum(borrowed)).toBeLessThanOrEqual(sum(lendable));
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps to its own quota without a cohort', () => {
    const [queue] = inCohort([{ nominal: 4, borrowingLimit: 4 }]);
    const ledger = new QuotaLedger([
      { ...queue!, cohort: undefined },
      ...inCohort([{ nominal: 8 }]).map((other) => ({ ...other, name: 'other' })),
    ]);
    ledger.take('q0', 'H100', 3);
    expect(ledger.view('q0', 'H100')).toMatchObject({ used: 3, available: 1, ceiling: 4 });
    expect(ledger.view('q0', 'A100')).toBeUndefined();
  });

  it('offers nothing when a quota was lowered below what is used', () => {
    const [queue] = inCohort([{ nominal: 2 }]);
    const ledger = new QuotaLedger([queue!]);
    ledger.take('q0', 'H100', 5);
    expect(ledger.view('q0', 'H100')).toMatchObject({ used: 5, available: 0 });
  });

  it('counts what is held of a quota that was taken away as borrowed, as if it were 0', () => {
    const [lender, borrower] = inCohort([{ nominal: 4 }, { nominal: 0 }]);
    const withdrawn: QueueState = { ...borrower!, quotas: [] };
    const ledgers = [borrower!, withdrawn].map((queue) => new QuotaLedger([lender!, queue]));
    for (const ledger of ledgers) {
      ledger.take('q1', 'H100', 3);
      expect(ledger.borrowed('q1', 'H100')).toBe(3);
      expect(ledger.share('q1')).toBe(3 / 4);
      expect(ledger.view('q0', 'H100')?.available).toBe(1);
      ledger.take('q1', 'H100', -3);
      expect(ledger.view('q0', 'H100')?.available).toBe(4);
    }
    expect(ledgers.map((ledger) => ledger.view('q1', 'H100')?.available)).toEqual([4, undefined]);
  });
});
