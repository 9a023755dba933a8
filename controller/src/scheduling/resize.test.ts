import { describe, expect, it } from 'vitest';
import { schedule } from './cycle.js';
import { DEFAULT_POLICY } from './policy.js';
import { job, node, queue, repeat, running, snapshot, where } from './test-cluster.js';

const LATER = 10 * DEFAULT_POLICY.resizeCooldownMs;
const elastic = { min: 1, max: 4 };

describe('the number of workers', () => {
  it('is what fits between the fewest and the most', () => {
    const start = (free: number) =>
      where(schedule(snapshot([node('a', free)], [queue('q', 8)], [job('j', elastic)])), 'j')?.length;
    expect([1, 2, 3, 4, 5].map(start)).toEqual([1, 2, 3, 4, 4]);
  });

  it('leaves room for the next job to start with its fewest', () => {
    const jobs = [job('first', elastic), job('second', { min: 2, max: 2 })];
    const plan = schedule(snapshot([node('a', 4)], [queue('q', 8)], jobs));
    expect([where(plan, 'first')?.length, where(plan, 'second')?.length]).toEqual([2, 2]);
  });

  it('stays within the quota', () => {
    const plan = schedule(snapshot([node('a', 8)], [queue('q', 3)], [job('j', elastic)]));
    expect(where(plan, 'j')).toHaveLength(3);
  });

  const grown = (more: Parameters<typeof running>[2] = {}, jobs = [] as ReturnType<typeof job>[]) =>
    schedule(
      snapshot(
        [node('a', 8, 2)],
        [queue('q', 8)],
        jobs,
        [running('r', ['a', 'a'], { ...elastic, ...more })],
        LATER,
      ),
    ).resizes;

  it('grows into GPUs that nobody waits for, up to the most', () => {
    expect(grown()).toEqual([{ key: 'r', nodes: repeat('a', 4) }]);
  });

  it('does not grow while somebody waits, nor soon after it changed, nor on the way out', () => {
    expect(grown({}, [job('wide', { min: 8 })])).toEqual([]);
    expect(grown({ resizedAt: LATER - 1000 })).toEqual([]);
    expect(grown({ givesBackBy: LATER + 1000 })).toEqual([]);
  });

  it('grows only within the domain that the job requires', () => {
    const inRack = (name: string, rack: string, used: number) =>
      node(name, 2, used, { domains: { node: name, nvlink: name, rack, zone: '' } });
    const nodes = [inRack('a', 'r1', 2), inRack('b', 'r2', 0), inRack('c', 'r1', 1)];
    const required = { level: 'rack', mode: 'required' } as const;
    const held = [running('r', ['a', 'a'], { ...elastic, topology: required })];
    expect(schedule(snapshot(nodes, [queue('q', 8)], [], held, LATER)).resizes).toEqual([
      { key: 'r', nodes: ['a', 'a', 'c'] },
    ]);
  });

  it('shrinks when the spec allows fewer than are running', () => {
    const held = [running('r', repeat('a', 4), { min: 1, max: 2 })];
    expect(schedule(snapshot([node('a', 4, 4)], [queue('q', 8)], [], held)).resizes).toEqual([
      { key: 'r', nodes: ['a', 'a'] },
    ]);
  });

  it('shrinks no job of higher priority, and none for a job that would not fit anyway', () => {
    const held = [running('r', repeat('a', 4), { min: 1, max: 4, priority: 1 })];
    expect(schedule(snapshot([node('a', 4, 4)], [queue('q', 8)], [job('j')], held)).resizes).toEqual([]);
    const low = [running('r', repeat('a', 4), { min: 2, max: 4 })];
    expect(
      schedule(snapshot([node('a', 4, 4)], [queue('q', 8)], [job('j', { min: 3 })], low)).resizes,
    ).toEqual([]);
  });
});
