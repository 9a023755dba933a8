import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { flavorOfProduct, gpusOfNode } from './flavor.js';
import type { NodeObject, PodObject } from './objects.js';
import { LivePool } from './live-pool.js';
import { gpusOfPod } from './pool.js';

const node = (
  name: string,
  allocatable: Record<string, string>,
  labels: Record<string, string> = {},
): NodeObject => ({
  metadata: { name, labels },
  status: { allocatable, conditions: [{ type: 'Ready', status: 'True' }] },
});

const pod = (name: string, nodeName: string, gpus: number, phase = 'Running'): PodObject => ({
  metadata: { name, namespace: 'default' },
  spec: { nodeName, containers: [{ name: 'c', resources: { limits: { 'nvidia.com/gpu': String(gpus) } } }] },
  status: { phase },
});

describe('flavorOfProduct', () => {
  it.each([
    ['NVIDIA-H100-80GB-HBM3', 'H100'],
    ['NVIDIA-A100-SXM4-40GB', 'A100'],
    ['A100-SXM4-40GB-MIG-1g.5gb', 'A100-mig-1g.5gb'],
    ['Tesla-T4', 'T4'],
    ['Tesla-T4-SHARED', 'T4'],
    ['NVIDIA-GB200', 'GB200'],
    ['NVIDIA-RTX-A6000', 'RTX-A6000'],
    ['NVIDIA H100 NVL', 'H100'],
  ])('calls %s %s', (product, flavor) => {
    expect(flavorOfProduct(product)).toBe(flavor);
  });
});

describe('gpusOfNode', () => {
  it('knows MIG slices as flavors of their own, with their memory', () => {
    const mixed = node(
      'mig',
      { cpu: '96', 'nvidia.com/gpu': '0', 'nvidia.com/mig-1g.5gb': '3', 'nvidia.com/mig-2g.10gb': '1' },
      { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-40GB', 'nvidia.com/mig-2g.10gb.memory': '9856' },
    );
    expect(gpusOfNode(mixed)).toEqual([
      {
        flavor: 'A100-mig-1g.5gb',
        resource: 'nvidia.com/mig-1g.5gb',
        allocatable: 3,
        memoryBytes: undefined,
      },
      {
        flavor: 'A100-mig-2g.10gb',
        resource: 'nvidia.com/mig-2g.10gb',
        allocatable: 1,
        memoryBytes: 9856 * 1024 * 1024,
      },
    ]);
  });
});

const poolOf = (...nodes: readonly NodeObject[]) => {
  const pool = new LivePool();
  for (const object of nodes) pool.setNode(object);
  return pool;
};

describe('gpusOfPod', () => {
  it('sums over the containers, of which an init container may need more', () => {
    const object = pod('x', 'a', 2);
    const [container] = object.spec?.containers ?? [];
    const withInit = (gpus: string) => ({
      ...object,
      spec: {
        ...object.spec,
        containers: [container!, container!],
        initContainers: [{ name: 'i', resources: { limits: { 'nvidia.com/gpu': gpus } } }],
      },
    });
    expect([...gpusOfPod(withInit('1'))]).toEqual([['nvidia.com/gpu', 4]]);
    expect([...gpusOfPod(withInit('8'))]).toEqual([['nvidia.com/gpu', 8]]);
  });
});

describe('LivePool', () => {
  const gpu = node('a', { 'nvidia.com/gpu': '8' }, { 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3' });
  const claim = { node: 'a', amounts: { 'nvidia.com/gpu': 2 } };
  const gpus = (pool: LivePool) => pool.view.nodes[0]?.gpus[0];

  it('counts the claims of each owner, the last ones alone', () => {
    const pool = poolOf(gpu);
    pool.claim('x', [claim, { ...claim, amounts: { 'nvidia.com/gpu': 1 }, isLeaving: true }]);
    pool.claim('y', [claim]);
    expect(gpus(pool)).toMatchObject({ used: 5, leaving: 1 });
    pool.claim('x', [claim]);
    expect(gpus(pool)).toMatchObject({ used: 4 });
    expect(gpus(pool)).not.toHaveProperty('leaving');
    pool.claim('x', []);
    pool.claim('y', []);
    expect(gpus(pool)?.used).toBe(0);
  });

  it('counts claims on a node that comes later, or goes and comes back', () => {
    const pool = new LivePool();
    pool.claim('x', [claim]);
    expect(pool.view.nodes).toEqual([]);
    pool.setNode(gpu);
    expect(gpus(pool)?.used).toBe(2);
    pool.removeNode('a');
    expect(pool.view.nodes).toEqual([]);
    pool.setNode(gpu);
    expect(gpus(pool)?.used).toBe(2);
  });

  it('keeps the objects of nodes that did not change', () => {
    const pool = poolOf(gpu, { ...gpu, metadata: { ...gpu.metadata, name: 'b' } });
    const [a, b] = pool.view.nodes;
    pool.claim('x', [claim]);
    expect(pool.view.nodes[0]).not.toBe(a);
    expect(pool.view.nodes[1]).toBe(b);
    expect(pool.view).toBe(pool.view);
  });

  it('leaves nodes without GPUs out and says why a node takes nothing', () => {
    const cordoned: NodeObject = {
      ...gpu,
      metadata: { ...gpu.metadata, name: 'c' },
      spec: { unschedulable: true },
    };
    const lost: NodeObject = {
      ...gpu,
      metadata: { ...gpu.metadata, name: 'd' },
      status: { ...gpu.status, conditions: [{ type: 'Ready', status: 'Unknown' }] },
    };
    const pool = poolOf(gpu, node('cpu', { cpu: '8' }), cordoned, lost).view;
    expect(pool.nodes.map(({ name, unavailable }) => [name, unavailable])).toEqual([
      ['a', undefined],
      ['c', 'cordoned'],
      ['d', 'not ready'],
    ]);
  });
});

/** Labels and allocatable resources as GPU feature discovery and the device plugin wrote them on real nodes. */
const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8')) as NodeObject;

describe('real nodes', () => {
  const MIB = 1024 * 1024;

  it.each([
    ['t4', [['T4', 'nvidia.com/gpu', 2, 15360]]],
    ['a100-mig-7g', [['A100-mig-7g.40gb', 'nvidia.com/mig-7g.40gb', 1, 40192]]],
    [
      'a100-mig-mixed',
      [
        ['A100-mig-1g.5gb', 'nvidia.com/mig-1g.5gb', 3, 4864],
        ['A100-mig-2g.10gb', 'nvidia.com/mig-2g.10gb', 1, 9856],
      ],
    ],
  ])('%s', (name, expected) => {
    const [found] = poolOf(fixture(name)).view.nodes;
    expect(found?.unavailable).toBeUndefined();
    expect(
      found?.gpus.map(({ flavor, resource, allocatable, memoryBytes }) => [
        flavor,
        resource,
        allocatable,
        (memoryBytes ?? 0) / MIB,
      ]),
    ).toEqual(expected);
  });

  it('stand in the domains that their labels name', () => {
    const labels = {
      'nvidia.com/gpu.product': 'NVIDIA-GB200',
      'nvidia.com/gpu.clique': 'f3a1.7',
      'topology.kubernetes.io/zone': 'z1',
      'topology.kubernetes.io/rack': 'r9',
    };
    const domains = (more: Record<string, string>) =>
      poolOf(node('n', { 'nvidia.com/gpu': '4' }, more)).view.nodes[0]?.domains;
    expect(domains(labels)).toEqual({ node: 'n', nvlink: 'f3a1.7', rack: 'z1/r9', zone: 'z1' });
    // Without a fabric that spans nodes, a node is an NVLink domain of its own.
    expect(domains({})?.nvlink).toBe('n');
  });
});

describe('shared GPUs', () => {
  const A100 = {
    'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB-SHARED',
    'nvidia.com/gpu.memory': '81920',
    'nvidia.com/gpu.count': '1',
  };
  const MIB = 2 ** 20;
  const found = (allocatable: Record<string, string>, labels: Record<string, string>) =>
    gpusOfNode(node('n', allocatable, labels)).map(({ flavor, resource, memoryBytes = 0 }) => [
      flavor,
      resource,
      memoryBytes / MIB,
    ]);

  it.each([
    [
      'time slices by their label',
      { 'nvidia.com/gpu.replicas': '4', 'nvidia.com/gpu.sharing-strategy': 'time-slicing' },
    ],
    ['MPS by its label', { 'nvidia.com/gpu.replicas': '4', 'nvidia.com/gpu.sharing-strategy': 'mps' }],
    ['slices without that label, by their number', {}],
  ])('have their part of the memory: %s', (_what, labels) => {
    expect(found({ 'nvidia.com/gpu': '4' }, { ...A100, ...labels })).toEqual([
      ['A100', 'nvidia.com/gpu', 20480],
    ]);
  });

  it('are whole when nothing is shared', () => {
    const labels = { ...A100, 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB' };
    for (const replicas of ['0', '1'])
      expect(
        found(
          { 'nvidia.com/gpu': '4' },
          { ...labels, 'nvidia.com/gpu.replicas': replicas, 'nvidia.com/gpu.sharing-strategy': 'none' },
        ),
      ).toEqual([['A100', 'nvidia.com/gpu', 81920]]);
  });

  it('are a flavor of their own under a name of their own, beside whole ones', () => {
    const labels = {
      ...A100,
      'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB',
      'nvidia.com/gpu.replicas': '4',
      'nvidia.com/gpu.sharing-strategy': 'time-slicing',
    };
    expect(found({ 'nvidia.com/gpu': '1', 'nvidia.com/gpu.shared': '4' }, labels)).toEqual([
      ['A100', 'nvidia.com/gpu', 81920],
      ['A100-shared', 'nvidia.com/gpu.shared', 20480],
    ]);
  });

  it('may be slices of MIG, of both strategies', () => {
    const single = {
      ...A100,
      'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-40GB-MIG-1g.5gb-SHARED',
      'nvidia.com/gpu.memory': '4864',
      'nvidia.com/gpu.replicas': '2',
      'nvidia.com/mig.strategy': 'single',
    };
    expect(found({ 'nvidia.com/gpu': '14' }, single)).toEqual([['A100-mig-1g.5gb', 'nvidia.com/gpu', 2432]]);
    const mixed = {
      'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-40GB',
      'nvidia.com/gpu.replicas': '1',
      'nvidia.com/mig.strategy': 'mixed',
      'nvidia.com/mig-1g.5gb.memory': '4864',
      'nvidia.com/mig-1g.5gb.replicas': '2',
      'nvidia.com/mig-2g.10gb.memory': '9856',
    };
    expect(found({ 'nvidia.com/mig-1g.5gb': '4', 'nvidia.com/mig-2g.10gb': '1' }, mixed)).toEqual([
      ['A100-mig-1g.5gb', 'nvidia.com/mig-1g.5gb', 2432],
      ['A100-mig-2g.10gb', 'nvidia.com/mig-2g.10gb', 9856],
    ]);
    expect(found({ 'nvidia.com/mig-1g.5gb.shared': '4' }, mixed)).toEqual([
      ['A100-mig-1g.5gb-shared', 'nvidia.com/mig-1g.5gb.shared', 2432],
    ]);
  });
});
