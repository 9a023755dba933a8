import { describe, expect, it } from 'vitest';
import type { PoolNode } from '../pool/index.js';
import type { QueueState } from '../queueing/index.js';
import { backlogOf } from '../queueing/index.js';
import { schedule } from './cycle.js';
import type { Plan } from './plan.js';
import { runningJobsOf } from './running-jobs.js';
import type { PendingJob, RunningJob, Snapshot } from './snapshot.js';

const node = (
  name: string,
  free: number,
  more: Partial<PoolNode> & { used?: number; flavor?: string } = {},
): PoolNode => ({
  name,
  labels: {},
  taints: [],
  gpus: [
    {
      flavor: more.flavor ?? 'H100',
      resource: 'nvidia.com/gpu',
      allocatable: free + (more.used ?? 0),
      used: more.used ?? 0,
    },
  ],
  unavailable: undefined,
  domains: { node: name, nvlink: name, rack: '', zone: '' },
  ...more,
});

const queue = (name: string, nominal: number, more: Partial<QueueState> = {}): QueueState => ({
  name,
  quotas: [{ flavor: 'H100', nominal }],
  weight: 1,
  stopPolicy: 'none',
  ...more,
});

let age = 0;
const job = (key: string, more: Partial<PendingJob> = {}): PendingJob => ({
  key,
  namespace: 'default',
  priority: 0,
  createdAt: age++,
  queueName: 'q',
  min: 1,
  max: 1,
  gpusPerWorker: 1,
  needs: { nodeSelector: {}, tolerations: [] },
  ...more,
});

const running = (key: string, nodes: string[], more: Partial<RunningJob> = {}): RunningJob => ({
  ...job(key, { min: nodes.length, max: nodes.length }),
  flavor: 'H100',
  resource: 'nvidia.com/gpu',
  nodes,
  startedAt: 0,
  ...more,
});

const snapshot = (
  nodes: PoolNode[],
  queues: QueueState[],
  pending: PendingJob[],
  held: RunningJob[] = [],
): Snapshot => ({
  now: 0,
  pool: { nodes },
  queues: new Map(queues.map((entry) => [entry.name, entry])),
  namespaces: new Map([['default', {}]]),
  pending: backlogOf(pending),
  running: runningJobsOf(held),
});

const why = (plan: Plan, key: string) => [...plan.waiting].find((waiting) => waiting.key === key);
const where = (plan: Plan, key: string) => plan.admissions.find((admission) => admission.key === key)?.nodes;

describe('schedule', () => {
  it('admits by priority, then age, and says who is before whom', () => {
    const jobs = [job('old'), job('young'), job('urgent', { priority: 5 })];
    const plan = schedule(snapshot([node('a', 1)], [queue('q', 8)], jobs));
    expect(plan.admissions.map(({ key }) => key)).toEqual(['urgent']);
    expect(why(plan, 'old')).toMatchObject({ position: 1, ahead: 0, reason: 'WaitingForCapacity' });
    expect(why(plan, 'young')).toMatchObject({
      position: 2,
      ahead: 1,
      reason: 'BehindInQueue',
      message: 'waits behind old in queue q',
    });
  });

  it('gives all of min..max workers or none', () => {
    const plan = schedule(
      snapshot(
        [node('a', 3)],
        [queue('q', 8)],
        [job('gang', { min: 2, max: 8 }), job('next', { min: 2, max: 2 })],
      ),
    );
    expect(where(plan, 'gang')).toHaveLength(3);
    expect(why(plan, 'next')).toMatchObject({
      reason: 'WaitingForCapacity',
      message: 'needs 2 H100 (2 workers of 1), but 1 of 3 are free; 1 short',
      largestGangThatFits: 1,
    });
  });

  it('keeps whole nodes whole', () => {
    const nodes = [node('whole', 8), node('part', 2, { used: 6 })];
    expect(where(schedule(snapshot(nodes, [queue('q', 99)], [job('j', { min: 2, max: 2 })])), 'j')).toEqual([
      'part',
      'part',
    ]);
    expect(where(schedule(snapshot(nodes, [queue('q', 99)], [job('j', { gpusPerWorker: 8 })])), 'j')).toEqual(
      ['whole'],
    );
  });

  it('says at once that no GPU of the flavor has memory enough', () => {
    const gib = 2 ** 30;
    const small = node('a', 4, {
      gpus: [{ flavor: 'H100', resource: 'nvidia.com/gpu', allocatable: 4, used: 0, memoryBytes: 16 * gib }],
    });
    const plan = schedule(
      snapshot(
        [small],
        [queue('q', 8)],
        [
          job('big', { bytesPerGpu: 40 * gib, waysToFit: 'lower dataset.maxLength, use method qlora' }),
          job('fits', { bytesPerGpu: 16 * gib }),
        ],
      ),
    );
    expect(why(plan, 'big')).toMatchObject({
      reason: 'InsufficientMemory',
      message:
        'needs 40.0 GiB on each GPU, but H100 has 16.0 GiB: lower dataset.maxLength, use method qlora, or name another flavor',
    });
    expect(where(plan, 'fits')).toEqual(['a']);
  });

  it('says that free GPUs are of no use where they are', () => {
    const nodes = [node('a', 1), node('b', 1)];
    const plan = schedule(snapshot(nodes, [queue('q', 8)], [job('wide', { gpusPerWorker: 2 }), job('x')]));
    expect(why(plan, 'wide')).toMatchObject({
      reason: 'ExceedsPool',
      message: 'needs 2 H100 (1 worker of 2), but only 0 workers fit on the nodes of the pool',
    });
    const used = [node('a', 1, { used: 1 }), node('b', 1, { used: 1 })];
    expect(
      why(schedule(snapshot(used, [queue('q', 8)], [job('wide', { gpusPerWorker: 2 })])), 'wide'),
    ).toMatchObject({ reason: 'Fragmented' });
  });

  it('holds racks together when they must be', () => {
    const inRack = (name: string, rack: string, free: number) =>
      node(name, free, { domains: { node: name, nvlink: name, rack, zone: '' } });
    const nodes = [inRack('a1', 'a', 2), inRack('a2', 'a', 2), inRack('b1', 'b', 3)];
    const wanted = job('j', { min: 4, max: 4, topology: { level: 'rack', mode: 'required' } });
    expect(where(schedule(snapshot(nodes, [queue('q', 9)], [wanted])), 'j')?.toSorted()).toEqual([
      'a1',
      'a1',
      'a2',
      'a2',
    ]);
    const tooMany = job('j', { min: 5, max: 5, topology: { level: 'rack', mode: 'required' } });
    expect(why(schedule(snapshot(nodes, [queue('q', 9)], [tooMany])), 'j')).toMatchObject({
      reason: 'Fragmented',
    });
  });

  it.each([
    ['cordoned', node('a', 4, { unavailable: 'cordoned' }), 'WaitingForCapacity'],
    ['not ready', node('a', 4, { unavailable: 'not ready' }), 'WaitingForCapacity'],
    ['tainted', node('a', 4, { taints: [{ key: 'team', value: 'x', effect: 'NoSchedule' }] }), 'ExceedsPool'],
    [
      'unreachable',
      node('a', 4, { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }] }),
      'WaitingForCapacity',
    ],
  ])('uses no node that is %s', (_what, only, reason) => {
    expect(why(schedule(snapshot([only], [queue('q', 8)], [job('j')])), 'j')).toMatchObject({ reason });
  });

  it('tolerates what the job tolerates, and the taint of GPU nodes', () => {
    const tainted = node('a', 4, {
      taints: [
        { key: 'team', value: 'x', effect: 'NoSchedule' },
        { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' },
      ],
    });
    const needs = { nodeSelector: {}, tolerations: [{ key: 'team', operator: 'Equal', value: 'x' }] };
    expect(where(schedule(snapshot([tainted], [queue('q', 8)], [job('j', { needs })])), 'j')).toEqual(['a']);
  });

  it('tries the flavors in the order of the job', () => {
    const nodes = [node('a', 1, { flavor: 'A100' }), node('h', 0, { used: 8 })];
    const both = queue('q', 0, {
      quotas: [
        { flavor: 'H100', nominal: 8 },
        { flavor: 'A100', nominal: 8 },
      ],
    });
    expect(
      schedule(snapshot(nodes, [both], [job('j', { flavors: ['H100', 'A100'] })])).admissions[0],
    ).toMatchObject({ flavor: 'A100', nodes: ['a'] });
    expect(why(schedule(snapshot(nodes, [both], [job('j', { flavors: ['T4'] })])), 'j')).toMatchObject({
      reason: 'NoMatchingFlavor',
    });
  });

  it('lends idle quota within a cohort, within its limits', () => {
    const nodes = [node('a', 16)];
    const mine = queue('mine', 2, {
      cohort: 'c',
      quotas: [{ flavor: 'H100', nominal: 2, borrowingLimit: 3 }],
    });
    const theirs = queue('theirs', 8, {
      cohort: 'c',
      quotas: [{ flavor: 'H100', nominal: 8, lendingLimit: 2 }],
    });
    const wants = (count: number) => job('j', { queueName: 'mine', min: count, max: count });
    expect(where(schedule(snapshot(nodes, [mine, theirs], [wants(4)])), 'j')).toHaveLength(4);
    expect(why(schedule(snapshot(nodes, [mine, theirs], [wants(5)])), 'j')).toMatchObject({
      reason: 'ExceedsQuota',
    });
    const busy = running('r', Array<string>(8).fill('a'), { queueName: 'theirs' });
    expect(why(schedule(snapshot(nodes, [mine, theirs], [wants(4)], [busy])), 'j')).toMatchObject({
      reason: 'WaitingForQuota',
    });
  });

  it.each([
    ['an unknown queue', { queueName: 'none' }, {}, 'QueueNotFound'],
    [
      'a namespace that the queue does not admit',
      { namespace: 'other' },
      { namespaces: ['default'] },
      'NamespaceNotAllowed',
    ],
    ['a stopped queue', {}, { stopPolicy: 'hold' as const }, 'QueueStopped'],
  ])('says that a job names %s', (_what, jobPart, queuePart, reason) => {
    expect(
      why(schedule(snapshot([node('a', 8)], [queue('q', 8, queuePart)], [job('j', jobPart)])), 'j'),
    ).toMatchObject({ reason });
  });

  it('tells a suspended job that it is suspended, whatever waits beside it', () => {
    const held = { reason: 'Suspended', message: 'spec.suspend is true' } as const;
    const jobs = [
      job('a', { min: 2, max: 2 }),
      job('b', { min: 2, max: 2 }),
      job('c', { min: 2, max: 2, held }),
    ];
    const plan = schedule(snapshot([node('n', 1, { used: 2 })], [queue('q', 8)], jobs));
    expect([...plan.waiting].map(({ reason }) => reason)).toEqual([
      'WaitingForCapacity',
      'BehindInQueue',
      'Suspended',
    ]);
  });

  it('does not let a job that can never start block those behind it', () => {
    const plan = schedule(
      snapshot([node('a', 2)], [queue('q', 2)], [job('huge', { min: 3, max: 3 }), job('small')]),
    );
    expect(why(plan, 'huge')).toMatchObject({ reason: 'ExceedsQuota' });
    expect(where(plan, 'small')).toEqual(['a']);
  });

  it('gives a place in the queue to the jobs alone that can be admitted', () => {
    const waits = { min: 2, max: 2 };
    const suspended = { reason: 'Suspended', message: 'spec.suspend is true' } as const;
    const invalid = { reason: 'InvalidSpec', message: 'no such method' } as const;
    const later = { reason: 'BackingOff', message: 'is looked at again later' } as const;
    const jobs = [
      job('huge', { min: 9, max: 9 }),
      job('suspended', { held: suspended }),
      job('foreign', { namespace: 'other' }),
      job('a', waits),
      job('invalid', { held: invalid }),
      job('later', { held: later }),
      job('b', waits),
      job('lost', { queueName: 'none' }),
    ];
    const admits = queue('q', 8, { namespaces: ['default'] });
    const plan = schedule(snapshot([node('n', 0, { used: 8 })], [admits], jobs));
    const places = [...plan.waiting].map(({ key, position, ahead }) => [key, position, ahead]);
    expect(Object.fromEntries(places.map(([key, ...place]) => [key, place]))).toEqual({
      huge: [undefined, undefined],
      suspended: [undefined, undefined],
      foreign: [undefined, undefined],
      a: [1, 0],
      invalid: [undefined, undefined],
      later: [2, 1],
      b: [3, 2],
      lost: [undefined, undefined],
    });
  });
});
