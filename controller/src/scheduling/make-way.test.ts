import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schedule } from './cycle.js';
import { unsavedGpuSeconds } from './estimates.js';
import type { Plan } from './plan.js';
import type { PendingJob, RunningJob, Snapshot } from './snapshot.js';
import { job, node, queue, repeat, running, snapshot, why } from './test-cluster.js';

const NOW = 10_000_000;
const at = (
  nodes: ReturnType<typeof node>[],
  queues: ReturnType<typeof queue>[],
  pending: PendingJob[],
  held: RunningJob[],
) => schedule(snapshot(nodes, queues, pending, held, NOW));
const evicted = (plan: Plan) => plan.evictions.map(({ key }) => key).toSorted();

describe('making way', () => {
  it('takes workers beyond the fewest before it evicts anybody', () => {
    const elastic = running('elastic', repeat('a', 4), { min: 2, max: 4 });
    const low = running('low', repeat('a', 2), { priority: -1 });
    const plan = at([node('a', 6, 6)], [queue('q', 8)], [job('j', { min: 2 })], [elastic, low]);
    expect(plan.evictions).toEqual([]);
    expect(plan.resizes).toEqual([{ key: 'elastic', nodes: ['a', 'a'], for: 'j' }]);
    expect(why(plan, 'j')).toMatchObject({
      reason: 'WaitingForRelease',
      message: 'starts as soon as elastic goes on with fewer workers',
    });
  });

  it('evicts the job that loses least, of those that would do', () => {
    const held = [
      running('unsaved', ['a', 'a'], { startedAt: NOW - 5_000_000, priority: -1 }),
      running('saved', ['b', 'b'], {
        startedAt: NOW - 9_000_000,
        checkpointedAt: NOW - 1000,
        priority: -1,
      }),
    ];
    const plan = at([node('a', 2, 2), node('b', 2, 2)], [queue('q', 8)], [job('j', { min: 2 })], held);
    expect(plan.evictions).toEqual([
      {
        key: 'saved',
        for: 'j',
        cause: 'priority',
        price: 2,
        message: 'j of higher priority needs its GPUs',
      },
    ]);
  });

  it('does not let a job that made room back into it before the job starts that it was made for', () => {
    // Of two victims one has gone, and would take but a moment; the other one writes its checkpoint.
    const gone = job('gone', { priority: -1, gpuSeconds: 10 });
    const leaving = running('leaving', ['a'], { priority: -1, givesBackBy: NOW + 100_000 });
    const plan = at([node('a', 2, 1)], [queue('q', 8)], [job('j', { min: 2 }), gone], [leaving]);
    expect(plan.admissions).toEqual([]);
    expect(why(plan, 'j')).toMatchObject({ reason: 'WaitingForRelease', estimatedStart: NOW + 100_000 });
  });

  it('does not wait for ever for a job that was expected to end', () => {
    const late = (ms: number) => [running('late', ['a'], { priority: -1, estimatedEnd: NOW - ms })];
    const nodes = [node('a', 1, 1)];
    expect(evicted(at(nodes, [queue('q', 8)], [job('j')], late(1000)))).toEqual([]);
    expect(evicted(at(nodes, [queue('q', 8)], [job('j')], late(200_000)))).toEqual(['late']);
  });

  it('evicts nobody of the same priority within a queue', () => {
    const plan = at([node('a', 2, 2)], [queue('q', 8)], [job('j')], [running('r', ['a', 'a'])]);
    expect(plan.evictions).toEqual([]);
    expect(why(plan, 'j')).toMatchObject({ reason: 'WaitingForCapacity' });
  });

  const mine = queue('mine', 4, { cohort: 'c' });
  const theirs = queue('theirs', 4, { cohort: 'c' });

  it('reclaims what was borrowed, and no more', () => {
    const held = ['r1', 'r2', 'r3'].map((key, i) =>
      running(key, ['a', 'a'], { queueName: 'theirs', priority: 9, startedAt: NOW - i * 1000 }),
    );
    const wants = (min: number) => job('j', { queueName: 'mine', min });
    const plan = at([node('a', 6, 6)], [mine, theirs], [wants(2)], held);
    expect(evicted(plan)).toEqual(['r1']);
    expect(plan.evictions[0]).toMatchObject({
      cause: 'reclaim',
      message: 'queue mine needs the GPUs that queue theirs borrowed, for j',
    });
    // 4 are nominal of theirs, so 4 cannot be had on a node of 6.
    expect(evicted(at([node('a', 6, 6)], [mine, theirs], [wants(4)], held))).toEqual([]);
  });

  it('borrows nothing by force', () => {
    const held = [running('r', repeat('a', 8), { queueName: 'theirs' })];
    const plan = at([node('a', 8, 8)], [mine, theirs], [job('j', { queueName: 'mine', min: 5 })], held);
    expect(plan.evictions).toEqual([]);
  });

  it('asks for no more while what it asked for is on its way', () => {
    const held = [
      running('leaving', ['a', 'a'], { priority: -1, givesBackBy: NOW + 30_000 }),
      running('other', ['b', 'b'], { priority: -1 }),
    ];
    const plan = at([node('a', 2, 2), node('b', 2, 2)], [queue('q', 8)], [job('j', { min: 2 })], held);
    expect(plan.evictions).toEqual([]);
    expect(plan.reservations).toEqual([{ key: 'j', flavor: 'H100', nodes: ['a', 'a'], at: NOW + 30_000 }]);
    expect(why(plan, 'j')).toMatchObject({
      reason: 'WaitingForRelease',
      message: 'starts as soon as leaving has given its H100 back',
      estimatedStart: NOW + 30_000,
    });
  });

  it('counts GPUs of pods that are ending as on their way', () => {
    const low = running('low', ['b', 'b'], { priority: -1 });
    const nodes = [node('a', 2, 2, { leaving: 2 }), node('b', 2, 2)];
    expect(at(nodes, [queue('q', 8)], [job('j', { min: 2 })], [low]).evictions).toEqual([]);
  });

  it('evicts nobody when enough GPUs come free by themselves as soon', () => {
    const held = [
      running('ending', ['a', 'a'], { estimatedEnd: NOW + 60_000 }),
      running('low', ['b', 'b'], { priority: -1 }),
    ];
    const plan = at([node('a', 2, 2), node('b', 2, 2)], [queue('q', 8)], [job('j', { min: 2 })], held);
    expect(plan.evictions).toEqual([]);
    expect(why(plan, 'j')).toMatchObject({ estimatedStart: NOW + 60_000 });
  });

  it('does not wait for a job that ends later than it would have made room', () => {
    const low = running('low', ['a', 'a'], {
      priority: -1,
      estimatedEnd: NOW + 60_000,
      graceMs: 10_000,
    });
    const plan = at([node('a', 2, 2)], [queue('q', 8)], [job('j', { min: 2 })], [low]);
    expect(plan.evictions).toMatchObject([{ key: 'low', for: 'j' }]);
    expect(why(plan, 'j')).toMatchObject({ estimatedStart: NOW + 10_000 });
  });

  it('lets nobody else take what was freed', () => {
    const held = [running('low', ['a', 'a'], { priority: -1, givesBackBy: NOW + 30_000 })];
    const jobs = [job('head', { min: 3 }), job('next')];
    const plan = at([node('a', 3, 2)], [queue('q', 8)], jobs, held);
    expect(plan.admissions).toEqual([]);
  });

  it('evicts only whom it may, all of whom are needed, in any cluster', () => {
    let attempts = 0;
    fc.assert(
      fc.property(arbitraryState, (state) => {
        const plan = schedule(state);
        for (const eviction of plan.evictions) checkCause(state, plan, eviction.key);
        for (const waiter of new Set(plan.evictions.map((eviction) => eviction.for))) {
          attempts++;
          checkNeeded(state, plan, waiter);
        }
      }),
      { numRuns: 1500 },
    );
    expect(attempts).toBeGreaterThan(30);
  });
});

const arbitraryState: fc.Arbitrary<Snapshot> = fc
  .record({
    gangs: fc.array(
      fc.record({
        node: fc.integer({ min: 0, max: 2 }),
        workers: fc.integer({ min: 1, max: 4 }),
        surplus: fc.integer({ min: 0, max: 2 }),
        queueName: fc.constantFrom('q0', 'q1', 'q2'),
        priority: fc.integer({ min: 0, max: 2 }),
        age: fc.integer({ min: 0, max: 9_000_000 }),
      }),
      { minLength: 3, maxLength: 9 },
    ),
    jobs: fc.array(
      fc.record({
        min: fc.integer({ min: 1, max: 6 }),
        gpusPerWorker: fc.constantFrom(1, 1, 2),
        queueName: fc.constantFrom('q0', 'q1', 'q2'),
        priority: fc.integer({ min: 0, max: 2 }),
      }),
      { minLength: 1, maxLength: 1 },
    ),
    nominal: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 3, maxLength: 3 }),
  })
  .map(({ gangs, jobs, nominal }) => {
    const used = [0, 0, 0];
    const held: RunningJob[] = [];
    gangs.forEach(({ node: index, workers, surplus, age, ...part }, i) => {
      const free = 8 - (used[index] as number);
      if (workers > free) return;
      used[index] = (used[index] as number) + workers;
      const min = Math.max(1, workers - surplus);
      held.push(
        running(`r${i}`, repeat(`n${index}`, workers), { ...part, min, max: workers, startedAt: NOW - age }),
      );
    });
    return snapshot(
      used.map((taken, i) => node(`n${i}`, 8, taken)),
      nominal.map((gpus, i) => queue(`q${i}`, gpus, { cohort: 'c' })),
      jobs.map((part, i) => job(`j${i}`, { ...part, max: part.min })),
      held,
      NOW,
    );
  });

const usedBy = (state: Snapshot, name: string, without: ReadonlySet<string>) =>
  [...state.running]
    .filter(({ queueName, key }) => queueName === name && !without.has(key))
    .reduce((sum, { nodes, gpusPerWorker }) => sum + nodes.length * gpusPerWorker, 0);

/** A victim has a lower priority in the same queue, or its queue borrows and the waiting job's does not. */
function checkCause(state: Snapshot, plan: Plan, key: string): void {
  const victim = state.running.get(key)!;
  const eviction = plan.evictions.find((candidate) => candidate.key === key)!;
  const waiter = [...state.pending.values()].flat().find((candidate) => candidate.key === eviction.for)!;
  expect(eviction.price).toBeCloseTo(unsavedGpuSeconds(victim, NOW));
  if (eviction.cause === 'priority') {
    expect(victim.queueName).toBe(waiter.queueName);
    expect(victim.priority).toBeLessThan(waiter.priority);
    return;
  }
  const nominal = (name: string) => state.queues.get(name)?.quotas[0]?.nominal ?? 0;
  const none = new Set<string>();
  expect(usedBy(state, victim.queueName, none)).toBeGreaterThan(nominal(victim.queueName));
  const asks = waiter.min * waiter.gpusPerWorker;
  expect(usedBy(state, waiter.queueName, none) + asks).toBeLessThanOrEqual(nominal(waiter.queueName));
}

/** After all releases of the plan the job starts; without any one of its evictions it does not. */
function checkNeeded(state: Snapshot, plan: Plan, waiter: string): void {
  const victims = plan.evictions.filter((eviction) => eviction.for === waiter).map(({ key }) => key);
  expect(startsAfter(state, plan, new Set(victims), waiter)).toBe(true);
  for (const spared of victims) {
    const rest = new Set(victims.filter((key) => key !== spared));
    expect(startsAfter(state, plan, rest, waiter)).toBe(false);
  }
}

function startsAfter(state: Snapshot, plan: Plan, gone: ReadonlySet<string>, waiter: string): boolean {
  const held = [...state.running]
    .filter(({ key }) => !gone.has(key))
    .map((held) => ({
      ...held,
      nodes: plan.resizes.find(({ key }) => key === held.key)?.nodes ?? held.nodes,
    }));
  const pool = state.pool.nodes.map(({ name }) =>
    node(name, 8, held.flatMap(({ nodes }) => nodes).filter((at) => at === name).length),
  );
  const only = [...state.pending.values()].flat().filter(({ key }) => key === waiter);
  const after = schedule(snapshot(pool, [...state.queues.values()], only, held, NOW));
  return after.admissions.some(({ key }) => key === waiter);
}
