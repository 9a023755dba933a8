import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeResource, Requests } from '../pool/index.js';
import { schedule } from './cycle.js';
import type { RunningJob } from './snapshot.js';
import { job, node, queue, running, snapshot, where, why } from './test-cluster.js';

const GIB = 2 ** 30;
/** A node of 4 GPUs with so much besides, of which some is used. */
const machine = (name: string, cpu: number, used: number, more: Record<string, NodeResource> = {}) =>
  node(name, 4, 0, {
    resources: { cpu: { allocatable: cpu * 1000, used: used * 1000 }, ...more },
  });
const worker = (cpu: number, more: Requests = {}): Requests => ({ cpu: cpu * 1000, pods: 1, ...more });
const Q = [queue('q', 64)];

describe('the fit of what is no GPU', () => {
  it('places a gang on another node than the one whose processors are taken', () => {
    const nodes = [machine('gpu-0', 16, 15.5), machine('gpu-1', 16, 0)];
    const plan = schedule(snapshot(nodes, Q, [job('j', { min: 2, max: 2, requests: worker(1) })]));
    expect(where(plan, 'j')).toEqual(['gpu-1', 'gpu-1']);
  });

  it('says in words which resource is short, on which nodes and by how much', () => {
    const nodes = [machine('gpu-0', 16, 15.5), machine('gpu-1', 16, 15)];
    const plan = schedule(snapshot(nodes, Q, [job('j', { requests: worker(4) })]));
    expect(why(plan, 'j')).toMatchObject({
      reason: 'WaitingForCapacity',
      message:
        'needs 1 H100 (1 worker of 1); 8 of 8 are free, but Insufficient cpu on gpu-0 and gpu-1 (a worker requests 4 cpu, gpu-0 has 0.5 cpu free)',
    });
  });

  it('tells a gang that no node could ever hold to request less', () => {
    const memory = { memory: { allocatable: 64 * GIB, used: 0 } };
    const nodes = [machine('gpu-0', 16, 0, memory)];
    const plan = schedule(snapshot(nodes, Q, [job('j', { requests: worker(1, { memory: 100 * GIB }) })]));
    expect(why(plan, 'j')).toMatchObject({
      reason: 'ExceedsPool',
      message:
        'needs 1 H100 (1 worker of 1), but Insufficient memory on gpu-0 (a worker requests 100.0 GiB memory, gpu-0 has 64.0 GiB memory in all): lower what its pods request',
    });
  });

  it.each([
    ['pods', { pods: { allocatable: 110, used: 110 } }, {}],
    ['ephemeral-storage', { 'ephemeral-storage': { allocatable: 10, used: 4 } }, { 'ephemeral-storage': 7 }],
    ['rdma/hca', { 'rdma/hca': { allocatable: 1, used: 1 } }, { 'rdma/hca': 1 }],
  ])('counts %s', (resource, has, asks) => {
    const nodes = [machine('gpu-0', 16, 0, has)];
    const plan = schedule(snapshot(nodes, Q, [job('j', { requests: worker(1, asks) })]));
    expect(plan.admissions).toEqual([]);
    expect(why(plan, 'j')?.message).toContain(`Insufficient ${resource} on gpu-0`);
  });

  it('takes a node that does not have a device at all for one that never fits', () => {
    const plan = schedule(
      snapshot([machine('gpu-0', 16, 0)], Q, [job('j', { requests: worker(1, { 'rdma/hca': 1 }) })]),
    );
    expect(why(plan, 'j')).toMatchObject({ reason: 'ExceedsPool' });
  });

  it('waits for processors that come free by themselves, and evicts nobody for them', () => {
    const nodes = [
      node('gpu-0', 4, 0, { resources: { cpu: { allocatable: 16000, used: 16000, leaving: 8000 } } }),
    ];
    const plan = schedule(snapshot(nodes, Q, [job('j', { requests: worker(4) })]));
    expect(why(plan, 'j')).toMatchObject({ reason: 'WaitingForRelease' });
    expect(plan.evictions).toEqual([]);
  });

  it('evicts whoever has the processors, though there are GPUs enough', () => {
    const nodes = [machine('gpu-0', 16, 16)];
    const low = running('low', ['gpu-0'], { priority: 0, requests: worker(12) });
    const small = running('small', ['gpu-0'], { priority: 0, requests: worker(2) });
    const wanted = job('j', { priority: 1, requests: worker(10) });
    const plan = schedule(snapshot(nodes, Q, [wanted], [low, small]));
    expect(plan.evictions.map(({ key }) => key)).toEqual(['low']);
  });

  it('lets no later job take processors that are kept for an earlier one', () => {
    const nodes = [node('gpu-0', 4, 1, { resources: { cpu: { allocatable: 16000, used: 8000 } } })];
    const first = running('first', ['gpu-0'], { requests: worker(8), estimatedEnd: 60_000 });
    const wide = job('wide', { requests: worker(16), gpuSeconds: 60 });
    const behind = job('behind', { requests: worker(8), gpuSeconds: 6000 });
    const short = job('short', { requests: worker(8), gpuSeconds: 10 });
    const plan = schedule(snapshot(nodes, Q, [wide, behind, short], [first]));
    expect(plan.reservations.map(({ key }) => key)).toContain('wide');
    expect(plan.admissions.map(({ key }) => key)).toEqual(['short']);
  });
});

describe('nodes that refused a job', () => {
  const nodes = [node('a', 4), node('b', 4)];
  it('are left out as long as others fit', () => {
    const plan = schedule(snapshot(nodes, Q, [job('j', { min: 4, max: 8, avoidNodes: ['a'] })]));
    expect(where(plan, 'j')).toEqual(['b', 'b', 'b', 'b']);
  });

  it('are used when nothing else fits', () => {
    const plan = schedule(snapshot(nodes, Q, [job('j', { min: 6, max: 6, avoidNodes: ['a'] })]));
    expect(where(plan, 'j')).toHaveLength(6);
    const full = [node('a', 4), node('b', 4, 4)];
    expect(where(schedule(snapshot(full, Q, [job('k', { avoidNodes: ['a'] })])), 'k')).toEqual(['a']);
  });

  it('come after another flavor that the job takes too', () => {
    const both = queue('q', 8, {
      quotas: [
        { flavor: 'H100', nominal: 8 },
        { flavor: 'A100', nominal: 8 },
      ],
    });
    const mixed = [node('a', 4), node('c', 4, 0, { flavor: 'A100' })];
    expect(where(schedule(snapshot(mixed, [both], [job('j', { avoidNodes: ['a'] })])), 'j')).toEqual(['c']);
  });

  it('get no worker of a running job, neither to grow nor in the place of a lost one', () => {
    const free = [node('a', 4), node('b', 4, 4)];
    const grows = running('g', ['b'], { max: 4, avoidNodes: ['a'], startedAt: -1e6 });
    expect(schedule(snapshot(free, Q, [], [grows])).resizes).toEqual([]);
    const lost = running('l', ['b', 'b'], { min: 1, max: 2, lost: [1], avoidNodes: ['a'] });
    expect(schedule(snapshot(free, Q, [], [lost])).resizes).toEqual([]);
  });
});

const RESOURCES = ['cpu', 'memory', 'pods', 'rdma/hca'] as const;
const amount = (max: number) => fc.integer({ min: 0, max });
const amounts = (max: number) => fc.record(Object.fromEntries(RESOURCES.map((name) => [name, amount(max)])));
const arbitraryNode = fc.record({
  gpus: amount(8),
  has: amounts(12),
  used: amounts(6),
  rack: fc.constantFrom('r', 's'),
});
const arbitraryJob = fc.record({
  min: fc.integer({ min: 1, max: 4 }),
  extra: amount(4),
  gpusPerWorker: fc.integer({ min: 1, max: 3 }),
  requests: fc.option(amounts(3), { nil: undefined, freq: 6 }),
  priority: amount(2),
  gpuSeconds: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
  avoid: fc.subarray(['n0', 'n1']),
  topology: fc.option(
    fc.record({
      level: fc.constantFrom('node' as const, 'rack' as const),
      mode: fc.constantFrom('required' as const, 'preferred' as const),
    }),
    { nil: undefined },
  ),
});

describe('invariants of the fit', () => {
  it('never plan more on a node than it has, of any resource, over many cycles in any cluster', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryNode, { minLength: 1, maxLength: 5 }),
        fc.array(arbitraryJob, { minLength: 1, maxLength: 14 }),
        (machines, jobs) => {
          const pending = new Map(
            jobs.map(({ min, extra, avoid, ...part }, i) => [
              `j${i}`,
              job(`j${i}`, { ...part, min, max: min + extra, avoidNodes: avoid, queueName: 'q' }),
            ]),
          );
          const held = new Map<string, RunningJob>();
          for (let now = 0; now < 6; now++) {
            const nodes = machines.map(({ gpus, has, used, rack }, i) =>
              poolNode(i, { gpus, has, used, rack }, held),
            );
            const plan = schedule(
              snapshot(nodes, [queue('q', 40)], [...pending.values()], [...held.values()], now * 1e6),
            );
            for (const { key, nodes: on, flavor, resource } of plan.admissions) {
              const { gpuSeconds: _known, flavors: _flavors, held: _held, ...gang } = pending.get(key)!;
              held.set(key, { ...gang, flavor, resource, nodes: on, startedAt: now * 1e6 });
              pending.delete(key);
            }
            for (const { key, nodes: on } of plan.resizes) held.set(key, { ...held.get(key)!, nodes: on });
            for (const { key } of plan.evictions) {
              pending.set(key, { ...held.get(key)! });
              held.delete(key);
            }
            machines.forEach(({ gpus, has, used }, i) => {
              const at = poolNode(i, { gpus, has, used, rack: 'r' }, held);
              expect(at.gpus[0]!.used).toBeLessThanOrEqual(gpus);
              for (const name of RESOURCES) {
                const taken = at.resources![name]!.used - used[name]!;
                expect(taken).toBeLessThanOrEqual(Math.max(0, has[name]! - used[name]!));
              }
            });
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('start a job whenever a search of all nodes finds room for it', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryNode, { minLength: 1, maxLength: 6 }),
        arbitraryJob,
        (machines, { extra, topology: _any, avoid, ...part }) => {
          const wanted = job('j', { ...part, max: part.min + extra, avoidNodes: avoid });
          const nodes = machines.map((entry, i) => poolNode(i, entry, new Map()));
          const most = machines.reduce((sum, { gpus, has, used }) => {
            const byHost = RESOURCES.map((name) =>
              (part.requests?.[name] ?? 0) === 0
                ? Number.POSITIVE_INFINITY
                : Math.floor(Math.max(0, has[name]! - used[name]!) / part.requests![name]!),
            );
            return sum + Math.min(Math.floor(gpus / part.gpusPerWorker), ...byHost);
          }, 0);
          const plan = schedule(snapshot(nodes, [queue('q', 100)], [wanted]));
          expect(plan.admissions.length).toBe(most >= part.min ? 1 : 0);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** A node as it stands when jobs hold what they hold. */
function poolNode(
  index: number,
  { gpus, has, used, rack }: { gpus: number; has: Requests; used: Requests; rack: string },
  held: ReadonlyMap<string, RunningJob>,
) {
  const name = `n${index}`;
  let taken = 0;
  const sum: Record<string, number> = { ...used };
  for (const { nodes, gpusPerWorker, requests } of held.values()) {
    const workers = nodes.filter((entry) => entry === name).length;
    taken += workers * gpusPerWorker;
    for (const [resource, each] of Object.entries(requests ?? {}))
      sum[resource] = (sum[resource] ?? 0) + each * workers;
  }
  return node(name, gpus, taken, {
    domains: { node: name, nvlink: name, rack, zone: '' },
    resources: Object.fromEntries(
      RESOURCES.map((resource) => [resource, { allocatable: has[resource]!, used: sum[resource]! }]),
    ),
  });
}
