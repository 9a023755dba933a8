import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { schedule } from './cycle.js';
import type { PendingJob, RunningJob } from './snapshot.js';
import { job, node, queue, snapshot } from './test-cluster.js';

/** One node: a gang of whole nodes may wait for as long as another queue fills gaps on them by right. */
const NODES = 1;
const GPUS = 12;
/** What each queue may use by right; they lend each other what they do not use. */
const NOMINAL = { mine: 8, other: 4 };
const LONGEST_S = 1000;
/** Of time between two arrivals while the job waits. */
const STEP_S = 50;

const anyOther = fc.record({
  queueName: fc.constantFrom<'mine' | 'other'>('mine', 'other'),
  min: fc.integer({ min: 1, max: 4 }),
  extra: fc.integer({ min: 0, max: 4 }),
  gpusPerWorker: fc.constantFrom(1, 1, 2, 4),
  priority: fc.integer({ min: -1, max: 0 }),
  seconds: fc.integer({ min: 1, max: LONGEST_S }),
  /** What it says of its end, as a share of the truth; undefined: nothing. */
  estimate: fc.option(fc.constantFrom(0.1, 1, 3), { nil: undefined }),
});
type Other = typeof anyOther extends fc.Arbitrary<infer T> ? T : never;

const arbitrary = fc.record({
  /** They come over and over again, in this order. */
  others: fc.array(anyOther, { minLength: 1, maxLength: 8 }),
  older: fc.integer({ min: 0, max: 6 }),
  min: fc.integer({ min: 1, max: 4 }),
  gpusPerWorker: fc.constantFrom(1, 2),
});

it('starves no job that fits by right while others of its priority or below come without end', () => {
  fc.assert(
    fc.property(arbitrary, ({ others, older, min, gpusPerWorker }) => {
      const wanted = job('wanted', { queueName: 'mine', min, max: min, gpusPerWorker, createdAt: 0 });
      const seconds = secondsUntilStart(wanted, others, older);
      // All that were there before may run one after the other, then what runs has to end.
      expect(seconds).toBeLessThanOrEqual((older + 3) * LONGEST_S);
    }),
    { numRuns: 150 },
  );
});

/** Cycles while others arrive all the time. @returns Infinity when the job does not start in a long time */
function secondsUntilStart(wanted: PendingJob, others: readonly Other[], older: number): number {
  const truth = new Map<string, Other>();
  const waiting = new Map<string, PendingJob>();
  const left = new Map<string, number>();
  let count = 0;
  const arrive = (createdAt: number) => {
    const other = others[count % others.length] as Other;
    const { queueName, min, extra, gpusPerWorker, priority, seconds } = other;
    const key = `o${String(count++).padStart(4, '0')}`;
    // One that can start only on what others lend may wait as long as they need it, and its queue with it.
    if (min * gpusPerWorker > NOMINAL[queueName]) return;
    truth.set(key, other);
    left.set(key, seconds);
    waiting.set(key, job(key, { queueName, min, max: min + extra, gpusPerWorker, priority, createdAt }));
  };
  for (let i = 0; i < older; i++) arrive(-1000 + i);
  waiting.set(wanted.key, wanted);
  const queues = [
    queue('mine', NOMINAL.mine, { cohort: 'c' }),
    queue('other', NOMINAL.other, { cohort: 'c' }),
  ];
  let held: RunningJob[] = [];
  for (let now = 0; now < 20 * LONGEST_S; now += STEP_S) {
    if (now > 0) arrive(now * 1000);
    for (const { key } of held) left.set(key, (left.get(key) ?? 0) - STEP_S);
    held = held.filter(({ key }) => (left.get(key) ?? 0) > 0);
    const used = new Map<string, number>();
    for (const { nodes, gpusPerWorker } of held)
      for (const name of nodes) used.set(name, (used.get(name) ?? 0) + gpusPerWorker);
    const pool = Array.from({ length: NODES }, (_, i) => node(`n${i}`, GPUS, used.get(`n${i}`) ?? 0));
    const plan = schedule(snapshot(pool, queues, [...waiting.values()], held, now * 1000));
    for (const { key, nodes, flavor, resource } of plan.admissions) {
      if (key === wanted.key) return now;
      const entry = waiting.get(key) as PendingJob;
      waiting.delete(key);
      const { estimate } = truth.get(key) as Other;
      const estimatedEnd =
        estimate === undefined ? undefined : (now + (left.get(key) ?? 0) * estimate) * 1000;
      held.push({ ...entry, flavor, resource, nodes, startedAt: now * 1000, estimatedEnd });
    }
    held = held.map((entry) => {
      const resize = plan.resizes.find(({ key }) => key === entry.key);
      return resize === undefined ? entry : { ...entry, nodes: resize.nodes, resizedAt: now * 1000 };
    });
    // Victims have gone before the next cycle, and wait where they stood.
    for (const { key } of plan.evictions) {
      const {
        flavor: _f,
        resource: _r,
        nodes: _n,
        startedAt: _s,
        estimatedEnd: _e,
        ...entry
      } = held.find((one) => one.key === key) as RunningJob;
      waiting.set(key, entry);
      held = held.filter((one) => one.key !== key);
    }
  }
  return Number.POSITIVE_INFINITY;
}
