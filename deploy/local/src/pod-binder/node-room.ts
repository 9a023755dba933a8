import { podAmounts } from '../apiserver/admission/pod-resources.js';
import { at, objectOr } from '../apiserver/json.js';
import type { KubeObject } from '../apiserver/kube-object.js';
import { isMore, parseQuantity } from '../quantity.js';

export type Resources = Record<string, number>;

/** What a pod takes of a node: its requests (limits where it has none), and one pod slot. */
export function podRequests(pod: KubeObject): Resources {
  return { ...podAmounts(pod, 'limits'), ...podAmounts(pod, 'requests'), pods: 1 };
}

const hasEnded = (pod: KubeObject): boolean =>
  ['Succeeded', 'Failed'].includes(String(at(pod, 'status', 'phase')));

export const podsOn = (node: KubeObject, pods: readonly KubeObject[]): KubeObject[] =>
  pods.filter((pod) => at(pod, 'spec', 'nodeName') === node.metadata.name && !hasEnded(pod));

/** What is left of a node beside these pods. */
export function freeResources(node: KubeObject, pods: readonly KubeObject[]): Resources {
  const amounts = objectOr(at(node, 'status', 'allocatable') ?? at(node, 'status', 'capacity'));
  const free: Resources = Object.fromEntries(
    Object.entries(amounts).map(([name, amount]) => [name, parseQuantity(amount)]),
  );
  free['pods'] ??= 110;
  for (const pod of podsOn(node, pods))
    for (const [name, amount] of Object.entries(podRequests(pod))) free[name] = (free[name] ?? 0) - amount;
  return free;
}

/** Resources of which more is wanted than is free. */
export const shortages = (wanted: Resources, free: Resources): string[] =>
  Object.entries(wanted)
    .filter(([name, amount]) => amount > 0 && isMore(amount, free[name] ?? 0))
    .map(([name]) => name);
