import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schedule } from './cycle.js';
import type { Plan } from './plan.js';
import type { Snapshot } from './snapshot.js';
import { job, node, queue, snapshot } from './test-cluster.js';

const pendingOf = ({ pending }: Snapshot) => [...pending.values()].flat();

describe('invariants of a cycle', () => {
  it('never exceeds capacity or quota, and gives gangs all or nothing, in any cluster', () => {
    const flavor = fc.constantFrom('H100', 'A100');
    const arbitraryNode = fc.record({
      allocatable: fc.integer({ min: 0, max: 8 }),
      used: fc.integer({ min: 0, max: 10 }),
      flavor,
      available: fc.boolean(),
      rack: fc.constantFrom('r1', 'r2'),
    });
    const arbitraryQueue = fc.record({
      nominal: fc.integer({ min: 0, max: 16 }),
      cohort: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
      borrowingLimit: fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined }),
      lendingLimit: fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined }),
    });
    const arbitraryJob = fc.record({
      queue: fc.integer({ min: 0, max: 4 }),
      min: fc.integer({ min: 1, max: 6 }),
      extra: fc.integer({ min: 0, max: 6 }),
      gpusPerWorker: fc.integer({ min: 1, max: 4 }),
      priority: fc.integer({ min: 0, max: 2 }),
      flavors: fc.option(fc.uniqueArray(flavor, { minLength: 1 }), { nil: undefined }),
      topology: fc.option(
        fc.record({
          level: fc.constantFrom('node' as const, 'rack' as const),
          mode: fc.constantFrom('required' as const, 'preferred' as const),
        }),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(
        fc.array(arbitraryNode, { maxLength: 6 }),
        fc.array(arbitraryQueue, { minLength: 1, maxLength: 4 }),
        fc.array(arbitraryJob, { maxLength: 12 }),
        (nodeParts, queueParts, jobParts) => {
          const nodes = nodeParts.map((part, i) =>
            node(`n${i}`, 0, 0, {
              gpus: [
                {
                  flavor: part.flavor,
                  resource: 'nvidia.com/gpu',
                  allocatable: part.allocatable,
                  used: part.used,
                },
              ],
              unavailable: part.available ? undefined : 'not ready',
              domains: { node: `n${i}`, nvlink: `n${i}`, rack: part.rack, zone: 'z' },
            }),
          );
          const queues = queueParts.map(({ nominal, cohort, borrowingLimit, lendingLimit }, i) =>
            queue(`q${i}`, 0, {
              cohort,
              quotas: ['H100', 'A100'].map((name) => ({
                flavor: name,
                nominal,
                borrowingLimit,
                lendingLimit,
              })),
            }),
          );
          const jobs = jobParts.map(({ queue: index, min, extra, ...part }, i) =>
            job(`j${i}`, { ...part, queueName: `q${index}`, min, max: min + extra }),
          );
          const state = snapshot(nodes, queues, jobs);
          const plan = schedule(state);
          checkInvariants(state, plan);
          expect(schedule(state)).toEqual(plan);
        },
      ),
      { numRuns: 400 },
    );
  });
});

function checkInvariants(state: Snapshot, plan: Plan): void {
  const keys = [...plan.admissions, ...plan.waiting].map(({ key }) => key).toSorted();
  expect(keys).toEqual(
    pendingOf(state)
      .map(({ key }) => key)
      .toSorted(),
  );
  const jobs = new Map(pendingOf(state).map((entry) => [entry.key, entry]));
  const onNode = new Map<string, number>();
  const ofQueue = new Map<string, number>();
  for (const { key, nodes, flavor } of plan.admissions) {
    const { min, max, gpusPerWorker, queueName, topology } = jobs.get(key)!;
    expect(nodes.length).toBeGreaterThanOrEqual(min);
    expect(nodes.length).toBeLessThanOrEqual(max);
    if (topology?.mode === 'required') {
      const domains = nodes.map(
        (name) => state.pool.nodes.find((entry) => entry.name === name)?.domains[topology.level],
      );
      expect(new Set(domains).size).toBe(1);
    }
    for (const name of nodes) {
      const at = state.pool.nodes.find((entry) => entry.name === name);
      expect(at?.unavailable).toBeUndefined();
      expect(at?.gpus[0]?.flavor).toBe(flavor);
      onNode.set(name, (onNode.get(name) ?? 0) + gpusPerWorker);
    }
    const share = `${queueName} ${flavor}`;
    ofQueue.set(share, (ofQueue.get(share) ?? 0) + nodes.length * gpusPerWorker);
  }
  for (const { name, gpus } of state.pool.nodes) {
    const [only] = gpus;
    if (only !== undefined)
      expect(onNode.get(name) ?? 0).toBeLessThanOrEqual(Math.max(0, only.allocatable - only.used));
  }
  for (const flavor of ['H100', 'A100']) {
    const cohorts = new Map<string, { nominal: number; used: number }>();
    for (const { name, cohort, quotas } of state.queues.values()) {
      const quota = quotas.find((entry) => entry.flavor === flavor)!;
      const used = ofQueue.get(`${name} ${flavor}`) ?? 0;
      expect(used).toBeLessThanOrEqual(
        cohort === undefined
          ? quota.nominal
          : quota.nominal + (quota.borrowingLimit ?? Number.POSITIVE_INFINITY),
      );
      const sum = cohorts.get(cohort ?? name) ?? { nominal: 0, used: 0 };
      cohorts.set(cohort ?? name, { nominal: sum.nominal + quota.nominal, used: sum.used + used });
    }
    for (const { nominal, used } of cohorts.values()) expect(used).toBeLessThanOrEqual(nominal);
  }
}
