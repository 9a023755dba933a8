import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schedule } from './cycle.js';
import type { PendingJob, RunningJob } from './snapshot.js';
import { job, node, queue, repeat, running, snapshot, where, why } from './test-cluster.js';

const MINUTE = 60_000;
const wide = () => job('wide', { min: 4, gpuSeconds: 4 * 60 });

describe('reservation', () => {
  const held = [running('r', repeat('a', 2), { estimatedEnd: 10 * MINUTE })];
  const pool = [node('a', 4, 2)];

  it('tells when the first blocked job may start', () => {
    const plan = schedule(snapshot(pool, [queue('q', 8)], [wide()], held));
    expect(plan.reservations).toEqual([
      { key: 'wide', flavor: 'H100', nodes: repeat('a', 4), at: 10 * MINUTE },
    ]);
    expect(why(plan, 'wide')).toMatchObject({ estimatedStart: 10 * MINUTE, reason: 'WaitingForCapacity' });
  });

  it('lets those behind start only if they end before', () => {
    const jobs = [
      wide(),
      job('long', { gpuSeconds: 660 }),
      job('short', { gpuSeconds: 500 }),
      job('unknown'),
    ];
    const plan = schedule(snapshot(pool, [queue('q', 8)], jobs, held));
    expect(plan.admissions.map(({ key }) => key)).toEqual(['short']);
    expect(why(plan, 'long')).toMatchObject({
      reason: 'BehindInQueue',
      message: 'waits behind wide in queue q',
    });
  });

  it('lets those behind take what it leaves over', () => {
    const plan = schedule(snapshot([...pool, node('b', 1)], [queue('q', 8)], [wide(), job('unknown')], held));
    expect(where(plan, 'unknown')).toEqual(['b']);
  });

  it('keeps quota too', () => {
    const jobs = [wide(), job('long', { gpuSeconds: 660 }), job('short', { gpuSeconds: 300 })];
    const plan = schedule(snapshot([node('a', 8, 2)], [queue('q', 4)], jobs, held));
    expect(why(plan, 'wide')).toMatchObject({ reason: 'WaitingForQuota', estimatedStart: 10 * MINUTE });
    expect(plan.admissions.map(({ key }) => key)).toEqual(['short']);
  });

  it('estimates a start for everybody behind, later the further behind', () => {
    const jobs = [wide(), ...['x', 'y', 'z'].map((key) => job(key, { min: 3, gpuSeconds: 3000 }))];
    const plan = schedule(snapshot(pool, [queue('q', 4)], jobs, held));
    const starts = [...plan.waiting].map(({ estimatedStart }) => estimatedStart ?? 0);
    expect(starts).toHaveLength(4);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(new Set(starts).size).toBe(4);
  });

  it('is kept: no job that starts later delays a promised start, in any pool', () => {
    let promises = 0;
    fc.assert(
      fc.property(arbitraryJobs, fc.integer({ min: 1, max: 3 }), (jobs, nodes) => {
        promises += runToTheEnd(jobs, nodes);
      }),
      { numRuns: 200 },
    );
    expect(promises).toBeGreaterThan(100);
  });
});

const arbitraryJobs = fc.array(
  fc.record({
    min: fc.integer({ min: 1, max: 4 }),
    gpusPerWorker: fc.constantFrom(1, 1, 2, 4),
    seconds: fc.integer({ min: 1, max: 5000 }),
    arrives: fc.integer({ min: 0, max: 3000 }),
  }),
  { minLength: 2, maxLength: 25 },
);

/** Runs cycles whenever something changes, with exact estimates. @returns how many starts were promised */
function runToTheEnd(
  parts: readonly { min: number; gpusPerWorker: number; seconds: number; arrives: number }[],
  nodeCount: number,
): number {
  const jobs = parts
    .map(({ seconds, arrives, ...part }, i) =>
      job(`j${String(i).padStart(2, '0')}`, {
        ...part,
        max: part.min,
        gpuSeconds: seconds * part.min * part.gpusPerWorker,
        createdAt: arrives * 1000,
      }),
    )
    .filter(({ min, gpusPerWorker }) => min * gpusPerWorker <= nodeCount * 4);
  const waiting = new Map<string, PendingJob>(jobs.map((entry) => [entry.key, entry]));
  let held: RunningJob[] = [];
  const promised = new Map<string, number>();
  let now = 0;
  while (waiting.size > 0) {
    held = held.filter(({ estimatedEnd = 0 }) => estimatedEnd > now);
    const used = new Map<string, number>();
    for (const { nodes, gpusPerWorker } of held)
      for (const name of nodes) used.set(name, (used.get(name) ?? 0) + gpusPerWorker);
    const pool = Array.from({ length: nodeCount }, (_, i) => node(`n${i}`, 4, used.get(`n${i}`) ?? 0));
    const arrived = [...waiting.values()].filter(({ createdAt }) => createdAt <= now);
    const plan = schedule(snapshot(pool, [queue('q', nodeCount * 4)], arrived, held, now));
    for (const { key, nodes, flavor, resource } of plan.admissions) {
      const entry = waiting.get(key)!;
      expect(now).toBeLessThanOrEqual(promised.get(key) ?? Number.POSITIVE_INFINITY);
      waiting.delete(key);
      const estimatedEnd = now + ((entry.gpuSeconds ?? 0) / (nodes.length * entry.gpusPerWorker)) * 1000;
      held.push({ ...entry, flavor, resource, nodes, startedAt: now, estimatedEnd });
    }
    const [first] = plan.reservations;
    if (first !== undefined)
      promised.set(first.key, Math.min(first.at, promised.get(first.key) ?? Number.POSITIVE_INFINITY));
    const next = [
      ...held.map(({ estimatedEnd = 0 }) => estimatedEnd),
      ...jobs.map(({ createdAt }) => createdAt),
    ];
    now = Math.min(...next.filter((time) => time > now));
    if (!Number.isFinite(now)) break;
  }
  expect(waiting.size).toBe(0);
  return promised.size;
}
