import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../apiserver/json.js';
import type { KubeObject } from '../apiserver/kube-object.js';
import { chooseNode } from './choose-node.js';
import { awaitsVictims, findPreemption, preemptionMessage, withNominated } from './preempt.js';

const meta = (name: string) => ({ name, uid: name, resourceVersion: '1', creationTimestamp: '' });

const node = (name: string, allocatable: JsonObject): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: meta(name),
  spec: {},
  status: { allocatable, conditions: [{ type: 'Ready', status: 'True' }] },
});

const pod = (
  name: string,
  requests: JsonObject,
  spec: JsonObject = {},
  status: JsonObject = {},
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: meta(name),
  spec: { containers: [{ name: 'c', resources: { requests } }], ...spec },
  status,
});

const gpus = (amount: number): JsonObject => ({ cpu: '1', 'nvidia.com/gpu': String(amount) });
const names = (preemption: ReturnType<typeof findPreemption>): unknown =>
  preemption && [preemption.node, ...preemption.victims.map(({ metadata }) => metadata.name)];

describe('a pod that fits nowhere', () => {
  it('is told of every resource that each node lacks', () => {
    const nodes = [
      node('a', { cpu: '16', memory: '64Gi', 'ephemeral-storage': '1Gi', 'nvidia.com/gpu': '4' }),
      node('b', { cpu: '1', memory: '64Gi', 'ephemeral-storage': '100Gi', 'nvidia.com/gpu': '4', pods: '0' }),
    ];
    const busy = pod('busy', { cpu: '15500m' }, { nodeName: 'a' });
    const wanted = pod('p', { cpu: '2', 'ephemeral-storage': '10Gi', 'nvidia.com/gpu': '1' });
    expect(chooseNode(wanted, nodes, [busy]).message).toBe(
      '0/2 nodes are available: 1 Insufficient ephemeral-storage, 1 Too many pods, 2 Insufficient cpu.',
    );
  });
});

describe('findPreemption', () => {
  const nodes = [node('a', gpus(4)), node('b', gpus(4))].map((one) => ({
    ...one,
    status: { ...(one['status'] as JsonObject), allocatable: { cpu: '16', 'nvidia.com/gpu': '4' } },
  }));

  it('takes the least important pods that make enough room, and spares the others', () => {
    const pods = [
      pod('a-high', gpus(2), { nodeName: 'a', priority: 500 }),
      pod('a-low', gpus(2), { nodeName: 'a', priority: 1 }),
      pod('b-low-1', gpus(1), { nodeName: 'b', priority: 1 }),
      pod('b-low-2', gpus(3), { nodeName: 'b', priority: 2 }),
    ];
    expect(names(findPreemption(pod('p', gpus(2), { priority: 1000 }), nodes, pods))).toEqual(['a', 'a-low']);
    expect(names(findPreemption(pod('p', gpus(4), { priority: 1000 }), nodes, pods))).toEqual([
      'b',
      'b-low-2',
      'b-low-1',
    ]);
  });

  it('says why it does not help', () => {
    const cordoned = { ...node('c', gpus(4)), spec: { unschedulable: true } };
    expect(preemptionMessage(pod('p', gpus(1)), [...nodes, cordoned])).toBe(
      ' preemption: 0/3 nodes are available: 2 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.',
    );
    expect(preemptionMessage(pod('p', gpus(1), { preemptionPolicy: 'Never' }), nodes)).toBe(
      ' preemption: not eligible due to preemptionPolicy=Never.',
    );
  });

  it('never takes pods of the same or of higher priority, nor any when the policy is Never', () => {
    const pods = [
      pod('a', gpus(4), { nodeName: 'a', priority: 5 }),
      pod('b', gpus(4), { nodeName: 'b', priority: 9 }),
    ];
    expect(findPreemption(pod('p', gpus(1), { priority: 5 }), nodes, pods)).toBeUndefined();
    const never = { priority: 50, preemptionPolicy: 'Never' };
    expect(findPreemption(pod('p', gpus(1), never), nodes, pods)).toBeUndefined();
    expect(names(findPreemption(pod('p', gpus(1), { priority: 6 }), nodes, pods))).toEqual(['a', 'a']);
  });
});

describe('a pod for which room is being made', () => {
  const nominated = pod('p', gpus(2), { priority: 10 }, { nominatedNodeName: 'a' });
  const leaving = pod('v', gpus(2), { nodeName: 'a' });
  leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';

  it('waits for its victims instead of asking for more', () => {
    expect(awaitsVictims(nominated, [nominated, leaving])).toBe(true);
    expect(awaitsVictims(nominated, [nominated])).toBe(false);
  });

  it('keeps that room from pods of lower priority', () => {
    const nodes = [
      {
        ...node('a', {}),
        status: {
          allocatable: { cpu: '8', 'nvidia.com/gpu': '2' },
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      },
    ];
    const later = pod('later', gpus(1), { priority: 1 });
    expect(chooseNode(later, nodes, withNominated(later, [nominated])).node).toBeUndefined();
    const urgent = pod('urgent', gpus(1), { priority: 99 });
    expect(chooseNode(urgent, nodes, withNominated(urgent, [nominated])).node).toBe('a');
  });
});
