import { describe, expect, it } from 'vitest';
import { below, mapMountPaths } from './container-paths.js';
import { expand } from './environment.js';
import { parseNodes } from './node-definition.js';

describe('mapMountPaths', () => {
  const mounts = [
    { name: 'conf', mountPath: '/etc/conf', folder: '/real/conf' },
    { name: 'deep', mountPath: '/etc/conf/deep', folder: '/real/deep' },
    { name: 'host', mountPath: '/data', folder: '/data' },
    { name: 'scratch', mountPath: '/tmp', folder: '/real/scratch' },
    { name: 'own', mountPath: '/tmp/own', folder: '/tmp/own' },
  ];
  it.each([
    ['/etc/conf', '/real/conf'],
    ['/etc/conf/a.yaml', '/real/conf/a.yaml'],
    ['--config=/etc/conf/a.yaml', '--config=/real/conf/a.yaml'],
    ['/etc/conf/deep/x', '/real/deep/x'],
    ['/etc/config', '/etc/config'],
    ['/other/etc/conf', '/other/etc/conf'],
    ['cat /etc/conf/a; ls /etc/conf', 'cat /real/conf/a; ls /real/conf'],
    ['/data/x', '/data/x'],
    ['/tmp/a /tmp/own/b', '/real/scratch/a /tmp/own/b'],
  ])('%s -> %s', (text, wanted) => {
    expect(mapMountPaths(text, mounts)).toBe(wanted);
  });
});

describe('below', () => {
  it('refuses to leave its folder', () => {
    expect(below('/a/b', 'c/../d')).toBe('/a/b/d');
    expect(() => below('/a/b', '../c')).toThrow(/leads out/);
    expect(below('/a/b', '/c')).toBe('/a/b/c');
  });
});

describe('expand', () => {
  it('knows variables, escapes and strangers', () => {
    expect(expand('$(A) $$(A) $(B) $A', { A: '1' })).toBe('1 $(A) $(B) $A');
  });
});

describe('parseNodes', () => {
  it('reads short lists, Node objects and instance profiles', () => {
    const text = `
nodes:
- name: gpu
  count: 2
  labels: { zone: a }
  taints: [{ key: k, value: v }]
  capacity: { cpu: 8, nvidia.com/gpu: 2 }
---
apiVersion: v1
kind: Node
metadata: { name: real, labels: { nvidia.com/mig.capable: "true" } }
spec: { taints: [{ key: kwok, effect: NoSchedule }] }
status: { capacity: { nvidia.com/mig-1g.5gb: "2" }, allocatable: { nvidia.com/mig-1g.5gb: "1" } }
---
kind: KWOKNodeProfile
metadata: { name: p5 }
spec: { instanceType: p5.48xlarge, resources: { cpu: "192", memory: 2048Gi, storage: 1Gi }, gpu: { product: H100, count: 8, memory: 81920 } }
`;
    expect(parseNodes(text, 'nodes.yaml')).toMatchObject([
      {
        name: 'gpu-0',
        capacity: { cpu: '8', 'nvidia.com/gpu': '2' },
        taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }],
      },
      { name: 'gpu-1' },
      {
        name: 'real',
        capacity: { 'nvidia.com/mig-1g.5gb': '2' },
        allocatable: { 'nvidia.com/mig-1g.5gb': '1' },
      },
      {
        name: 'p5',
        labels: { 'nvidia.com/gpu.product': 'H100', 'nvidia.com/gpu.memory': '81920' },
        capacity: { 'nvidia.com/gpu': '8' },
      },
    ]);
  });

  it.each([
    ['nodes: [{ name: A }]', 'nodes.yaml: nodes[0].name: must be a node name'],
    ['nodes: [{ name: a, gpus: 2 }]', 'nodes.yaml: nodes[0]: has no field "gpus"'],
    ['nodes: [{ name: a, count: 0 }]', 'nodes.yaml: nodes[0].count: must be'],
    ['nodes: [{ name: a }, { name: a }]', 'node "a" is defined twice'],
    ['- 1', 'must hold Node objects'],
    ['a: [', 'nodes.yaml:1:'],
    ['', 'defines no node'],
  ])('names the place in %s', (text, message) => {
    expect(() => parseNodes(text, 'nodes.yaml')).toThrow(message);
  });
});
