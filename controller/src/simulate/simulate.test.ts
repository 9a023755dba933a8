import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../errors.js';
import { POLICIES } from './policies.js';
import { simulate } from './simulate.js';
import { formatTable } from './table.js';
import type { TraceJob } from './trace.js';
import { parseTrace, PHILLY_COLUMNS } from './trace.js';

const POOL = { nodes: 4, gpusPerNode: 8 };

/** Jobs of every size that the pool holds, in bursts. */
const arbitraryTrace = fc
  .array(
    fc.record({
      tenant: fc.constantFrom('a', 'b', 'c'),
      gap: fc.integer({ min: 0, max: 200 }),
      seconds: fc.integer({ min: 1, max: 2000 }),
      gpus: fc.constantFrom(1, 1, 1, 2, 4, 8, 16, 32),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((parts) => {
    let submittedAt = 0;
    return parts.map(({ gap, ...part }, i): TraceJob => {
      submittedAt += gap * 1000;
      return { id: `j${i}`, submittedAt, ...part };
    });
  });

describe('simulate', () => {
  // The simulated pool throws when a node is overcommitted.
  it.each(POLICIES.map((policy) => [policy.name, policy] as const))(
    '%s: every job ends, none is lost, nothing is used twice, in any trace',
    (_name, policy) => {
      fc.assert(
        fc.property(arbitraryTrace, (trace) => {
          const outcome = simulate(trace, policy, POOL);
          expect(outcome.finished).toBe(trace.length);
          expect(outcome.utilisation).toBeLessThanOrEqual(1);
          expect(outcome.wait.mean).toBeGreaterThanOrEqual(0);
        }),
        { numRuns: 40 },
      );
    },
  );

  it('says the same of the same trace', () => {
    const trace = fc.sample(arbitraryTrace, { numRuns: 1, seed: 7 })[0] ?? [];
    for (const policy of POLICIES)
      expect(simulate(trace, policy, POOL)).toEqual(simulate(trace, policy, POOL));
  });

  it('lets a small job pass a large one that waits anyway, unless it is first come, first served', () => {
    const trace: TraceJob[] = [
      { id: 'long', tenant: 'a', submittedAt: 0, seconds: 1000, gpus: 16 },
      { id: 'wide', tenant: 'a', submittedAt: 1000, seconds: 100, gpus: 32 },
      { id: 'small', tenant: 'a', submittedAt: 2000, seconds: 10, gpus: 1 },
    ];
    const [fifo, backfill] = POLICIES.slice(0, 2).map((policy) => simulate(trace, policy, POOL));
    expect(fifo?.waitOfLargest).toBe(999);
    expect(backfill?.waitOfLargest).toBe(999);
    expect(fifo?.wait.mean).toBeCloseTo((0 + 999 + 1098) / 3);
    expect(backfill?.wait.mean).toBeCloseTo(999 / 3);
  });

  it('compares policies in a table', () => {
    const trace: TraceJob[] = [{ id: 'j', tenant: 'a', submittedAt: 0, seconds: 7200, gpus: 8 }];
    const table = formatTable(POLICIES.slice(0, 1).map((policy) => simulate(trace, policy, POOL)));
    expect(table.split('\n')).toHaveLength(3);
    expect(table).toContain('| fifo');
    expect(table).toContain('2.0 h');
  });
});

describe('parseTrace', () => {
  const header = 'timestamp,duration,num_gpus,gpu_time,cluster';

  it('sorts by submission and leaves jobs without GPUs out', () => {
    const text = `${header}\n2017-10-09 07:01:55,66.0,1,66.0,x\n2017-10-09 06:13:03,2951.0,8,0,y\n2017-10-09 06:00:00,1,0,0,y\n`;
    expect(parseTrace(text, PHILLY_COLUMNS, 'f.csv')).toEqual([
      { id: 'job-3', tenant: 'y', submittedAt: Date.parse('2017-10-09T06:13:03Z'), seconds: 2951, gpus: 8 },
      { id: 'job-2', tenant: 'x', submittedAt: Date.parse('2017-10-09T07:01:55Z'), seconds: 66, gpus: 1 },
    ]);
  });

  it('reads other columns, and times in seconds', () => {
    const columns = { submitted: 't', seconds: 's', gpus: 'g', tenant: 'none' };
    expect(parseTrace('g,s,t\n2,30,5', columns, 'f.csv')).toEqual([
      { id: 'job-2', tenant: 'all', submittedAt: 5000, seconds: 30, gpus: 2 },
    ]);
  });

  it.each([
    ['a,b\n1,2', 'f.csv:1: there is no column timestamp; there are a, b'],
    [`${header}\n2017-10-09 06:00:00,x,1,1,y`, 'f.csv:2: duration is x'],
    [`${header}\nnever,1,1,1,y`, 'f.csv:2: timestamp is never'],
    [`${header}\n2017-10-09 06:00:00,1,1.5,1,y`, 'f.csv:2: num_gpus is 1.5'],
  ])('says where %j is wrong', (text, message) => {
    expect(() => parseTrace(text, PHILLY_COLUMNS, 'f.csv')).toThrow(new UserError(message));
  });
});
