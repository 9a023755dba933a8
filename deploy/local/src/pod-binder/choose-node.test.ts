import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../apiserver/json.js';
import type { KubeObject } from '../apiserver/kube-object.js';
import { chooseNode } from './choose-node.js';
import { parseQuantity } from '../quantity.js';

const meta = (name: string, labels: Record<string, string> = {}) => ({
  name,
  labels,
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '',
});

const node = (
  name: string,
  gpus: number,
  more: { labels?: Record<string, string>; spec?: JsonObject; ready?: string } = {},
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: meta(name, more.labels),
  spec: more.spec ?? {},
  status: {
    allocatable: { cpu: '8', 'nvidia.com/gpu': String(gpus), pods: '110' },
    conditions: [{ type: 'Ready', status: more.ready ?? 'True' }],
  },
});

const pod = (name: string, gpus: number, spec: JsonObject = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: meta(name),
  spec: { containers: [{ name: 'c', resources: { limits: { 'nvidia.com/gpu': String(gpus) } } }], ...spec },
  status: {},
});

const affinity = (expression: JsonObject): JsonObject => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [expression] }],
      },
    },
  },
});

describe('chooseNode', () => {
  it('follows required affinity and the node selector', () => {
    const nodes = [node('a', 2, { labels: { kind: 'x' } }), node('b', 2, { labels: { kind: 'y' } })];
    expect(
      chooseNode(pod('p', 1, affinity({ key: 'kind', operator: 'In', values: ['y'] })), nodes, []).node,
    ).toBe('b');
    expect(
      chooseNode(pod('p', 1, affinity({ key: 'kind', operator: 'NotIn', values: ['x', 'y'] })), nodes, [])
        .node,
    ).toBeUndefined();
    expect(chooseNode(pod('p', 1, { nodeSelector: { kind: 'x' } }), nodes, []).node).toBe('a');
  });

  it('keeps away from taints, cordons and nodes that are not ready, and says so', () => {
    const nodes = [
      node('tainted', 8, { spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] } }),
      node('cordoned', 8, { spec: { unschedulable: true } }),
      node('down', 8, { ready: 'False' }),
    ];
    const refused = chooseNode(pod('p', 1), nodes, []);
    expect(refused.node).toBeUndefined();
    expect(refused.message).toBe(
      '0/3 nodes are available: 1 node(s) had untolerated taint {k: v}, 1 node(s) were not ready, 1 node(s) were unschedulable.',
    );
    const tolerant = { tolerations: [{ key: 'k', operator: 'Exists' }] };
    expect(chooseNode(pod('p', 1, tolerant), nodes, []).node).toBe('tainted');
  });

  it('does not count pods that have ended', () => {
    const done = { ...pod('done', 2, { nodeName: 'a' }), status: { phase: 'Succeeded' } };
    expect(chooseNode(pod('p', 2), [node('a', 2)], [done]).node).toBe('a');
  });

  it('never gives out more than a node has', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 12 });
    fc.assert(
      fc.property(sizes, sizes, (capacities, demands) => {
        const nodes = capacities.map((gpus, index) => node(`n${index}`, gpus));
        const bound: KubeObject[] = [];
        for (const [index, gpus] of demands.entries()) {
          const choice = chooseNode(pod(`p${index}`, gpus), nodes, bound);
          if (choice.node) bound.push(pod(`p${index}`, gpus, { nodeName: choice.node }));
          else
            expect(nodes.every((candidate, at) => free(candidate, capacities[at]!, bound) < gpus)).toBe(true);
        }
        for (const [at, candidate] of nodes.entries())
          expect(free(candidate, capacities[at]!, bound)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

function free(candidate: KubeObject, capacity: number, bound: KubeObject[]): number {
  const here = bound.filter((other) => (other['spec'] as JsonObject)['nodeName'] === candidate.metadata.name);
  const gpus = here.map((other) => JSON.stringify(other).match(/"nvidia\.com\/gpu":"(\d)"/)?.[1] ?? '0');
  return gpus.reduce((left, used) => left - Number(used), capacity);
}

describe('parseQuantity', () => {
  it.each([
    ['500m', 0.5],
    ['2Gi', 2 * 2 ** 30],
    ['1e3', 1000],
    ['1E', 1e18],
    [4, 4],
    ['.5k', 500],
  ])('%s is %d', (text, value) => {
    expect(parseQuantity(text)).toBeCloseTo(value);
  });
  it('is not fooled', () => {
    expect(parseQuantity('2 apples')).toBeNaN();
  });
});
