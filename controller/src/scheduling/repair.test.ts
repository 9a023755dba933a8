import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schedule } from './cycle.js';
import { job, node, queue, repeat, running, snapshot, where } from './test-cluster.js';

const QUEUE = [queue('q', 4)];
const gone = (name: string, gpus: number, used: number) =>
  node(name, gpus, used, { unavailable: 'not ready' });

describe('workers that lost their node', () => {
  it('get another one on the quota that their job holds, before anybody else', () => {
    const held = [running('r', ['a', 'b', 'a', 'b'], { lost: [1, 3] })];
    const nodes = [node('a', 2, 2), gone('b', 2, 2), node('c', 4, 0)];
    const plan = schedule(snapshot(nodes, QUEUE, [job('j')], held));
    expect(plan.resizes).toEqual([{ key: 'r', nodes: ['a', 'c', 'a', 'c'] }]);
    expect(plan.evictions).toEqual([]);
    // The quota is used up, so nobody else starts.
    expect(where(plan, 'j')).toBeUndefined();
  });

  it('are replaced as far as GPUs go, and the job goes on with those that are left', () => {
    const held = [running('r', ['a', 'b', 'b'], { min: 1, max: 3, lost: [1, 2] })];
    const one = schedule(snapshot([node('a', 1, 1), node('c', 1)], QUEUE, [], held));
    expect(one.resizes).toEqual([{ key: 'r', nodes: ['a', 'c', 'b'] }]);
    const none = schedule(snapshot([node('a', 1, 1)], QUEUE, [], held));
    expect([none.resizes, none.evictions]).toEqual([[], []]);
  });

  it('cost the job its place only when too few are left and there are no GPUs for others', () => {
    const held = [running('r', ['a', 'b', 'b'], { min: 2, max: 3, lost: [1, 2] })];
    const one = schedule(snapshot([node('a', 1, 1), node('c', 1)], QUEUE, [], held));
    expect(one.resizes).toEqual([{ key: 'r', nodes: ['a', 'c', 'b'] }]);
    expect(one.evictions).toEqual([]);
    const none = schedule(snapshot([node('a', 1, 1)], QUEUE, [], held));
    expect(none.resizes).toEqual([]);
    expect(none.evictions).toMatchObject([
      {
        key: 'r',
        cause: 'loss',
        message: '1 of at least 2 workers are left: there are no free H100 for 2 that lost their node',
      },
    ]);
  });

  it('stay in the domain that the job requires', () => {
    const inRack = (name: string, rack: string, used: number) =>
      node(name, 1, used, { domains: { node: name, nvlink: name, rack, zone: '' } });
    const topology = { level: 'rack', mode: 'required' } as const;
    const held = [running('r', ['a', 'x'], { min: 1, max: 2, lost: [1], topology })];
    const other = schedule(snapshot([inRack('a', 'r1', 1), inRack('b', 'r2', 0)], QUEUE, [], held));
    expect(other.resizes).toEqual([]);
    const same = schedule(snapshot([inRack('a', 'r1', 1), inRack('c', 'r1', 0)], QUEUE, [], held));
    expect(same.resizes).toEqual([{ key: 'r', nodes: ['a', 'c'] }]);
  });

  it('make their job no victim of a shrink, whose last workers may be all that are left', () => {
    const held = [running('r', ['b', ...repeat('a', 3)], { min: 1, max: 4, lost: [0] })];
    const plan = schedule(snapshot([node('a', 3, 3)], QUEUE, [job('j')], held));
    expect(plan.resizes).toEqual([]);
  });

  it('are replaced within capacity, one for one, in any pool', () => {
    const anyJob = fc.record({
      workers: fc.array(fc.constantFrom('a', 'b', 'x', 'y'), { minLength: 1, maxLength: 6 }),
      min: fc.integer({ min: 1, max: 6 }),
      gpusPerWorker: fc.integer({ min: 1, max: 3 }),
    });
    const anyFree = fc.record({ a: fc.nat(4), b: fc.nat(4), c: fc.nat(8) });
    fc.assert(
      fc.property(fc.array(anyJob, { minLength: 1, maxLength: 5 }), anyFree, (jobs, free) => {
        const isLost = (name: string) => name === 'x' || name === 'y';
        const held = jobs.map(({ workers, min, gpusPerWorker }, i) => {
          const lost = workers.flatMap((name, index) => (isLost(name) ? [index] : []));
          const fewest = Math.min(min, workers.length);
          return running(`r${i}`, workers, { min: fewest, max: workers.length, gpusPerWorker, lost });
        });
        const usedOn = (name: string) =>
          held.reduce(
            (sum, { nodes, gpusPerWorker }) =>
              sum + gpusPerWorker * nodes.filter((other) => other === name).length,
            0,
          );
        const nodes = (['a', 'b', 'c'] as const).map((name) =>
          node(name, usedOn(name) + free[name], usedOn(name)),
        );
        const plan = schedule(snapshot([...nodes, gone('x', 8, 8)], [queue('q', 99)], [], held));
        const taken = new Map<string, number>();
        for (const { key, nodes: after } of plan.resizes) {
          const before = held.find((entry) => entry.key === key)!;
          expect(after).toHaveLength(before.nodes.length);
          after.forEach((name, index) => {
            const old = before.nodes[index];
            if (name === old) return;
            expect(before.lost).toContain(index);
            taken.set(name, (taken.get(name) ?? 0) + before.gpusPerWorker);
          });
        }
        for (const [name, gpus] of taken) expect(gpus).toBeLessThanOrEqual(free[name as keyof typeof free]);
        for (const before of held) {
          const after = plan.resizes.find(({ key }) => key === before.key)?.nodes ?? before.nodes;
          const left = after.filter((name) => !isLost(name)).length;
          const isEvicted = plan.evictions.some(({ key, cause }) => key === before.key && cause === 'loss');
          expect(isEvicted).toBe(left < before.min);
        }
      }),
    );
  });
});
