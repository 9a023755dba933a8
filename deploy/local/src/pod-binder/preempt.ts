import { at } from '../apiserver/json.js';
import type { KubeObject } from '../apiserver/kube-object.js';
import { refusalOf } from './choose-node.js';
import { freeResources, podRequests, podsOn, shortages } from './node-room.js';

export interface Preemption {
  readonly node: string;
  readonly victims: readonly KubeObject[];
}

const isPeaceful = (pod: KubeObject): boolean => at(pod, 'spec', 'preemptionPolicy') === 'Never';

export const priorityOf = (pod: KubeObject): number => Number(at(pod, 'spec', 'priority') ?? 0);

/**
 * Finds the pods of lower priority whose end would make room for a pod, as kube-scheduler does: those of highest
 * priority on a node are spared first, and of the nodes the one goes whose most important victim matters least, then
 * the one with fewest victims. Budgets for disruption are not looked at. A pure function of its arguments.
 */
export function findPreemption(
  pod: KubeObject,
  nodes: readonly KubeObject[],
  pods: readonly KubeObject[],
): Preemption | undefined {
  if (isPeaceful(pod) || !pods.some((other) => priorityOf(other) < priorityOf(pod))) return undefined;
  const candidates = nodes.flatMap((node) => {
    const victims = victimsOn(pod, node, pods);
    return victims === undefined ? [] : [{ node: node.metadata.name, victims }];
  });
  const highest = ({ victims }: Preemption): number => Math.max(...victims.map(priorityOf));
  candidates.sort(
    (a, b) => highest(a) - highest(b) || a.victims.length - b.victims.length || (a.node < b.node ? -1 : 1),
  );
  return candidates[0];
}

function victimsOn(pod: KubeObject, node: KubeObject, pods: readonly KubeObject[]): KubeObject[] | undefined {
  if (refusalOf(pod, node) !== undefined) return undefined;
  const here = podsOn(node, pods);
  const lower = here.filter((other) => priorityOf(other) < priorityOf(pod));
  const wanted = podRequests(pod);
  const staying = here.filter((other) => !lower.includes(other));
  const fits = (others: readonly KubeObject[]): boolean =>
    shortages(wanted, freeResources(node, others)).length === 0;
  if (!fits(staying)) return undefined;
  const victims: KubeObject[] = [];
  for (const other of lower.sort((a, b) => priorityOf(b) - priorityOf(a))) {
    if (fits([...staying, other])) staying.push(other);
    else victims.push(other);
  }
  return victims.length === 0 ? undefined : victims;
}

/** Why preemption did not help, as kube-scheduler adds it to its message. */
export function preemptionMessage(pod: KubeObject, nodes: readonly KubeObject[]): string {
  if (isPeaceful(pod)) return ' preemption: not eligible due to preemptionPolicy=Never.';
  const helpless = nodes.filter((node) => refusalOf(pod, node) !== undefined).length;
  const parts = [
    ...(helpless < nodes.length
      ? [`${nodes.length - helpless} No preemption victims found for incoming pod`]
      : []),
    ...(helpless > 0 ? [`${helpless} Preemption is not helpful for scheduling`] : []),
  ];
  return ` preemption: 0/${nodes.length} nodes are available: ${parts.join(', ')}.`;
}

/** Whether room that an earlier preemption makes for the pod is still on its way. */
export function awaitsVictims(pod: KubeObject, pods: readonly KubeObject[]): boolean {
  const node = at(pod, 'status', 'nominatedNodeName');
  return (
    typeof node === 'string' &&
    pods.some(
      (other) =>
        at(other, 'spec', 'nodeName') === node &&
        other.metadata.deletionTimestamp !== undefined &&
        priorityOf(other) < priorityOf(pod),
    )
  );
}

/** The pods as one of lower priority has to see them: those that wait for room on a node have it already. */
export function withNominated(pod: KubeObject, pods: readonly KubeObject[]): KubeObject[] {
  return pods.map((other) => {
    const nodeName = at(other, 'status', 'nominatedNodeName');
    if (other === pod || typeof nodeName !== 'string' || at(other, 'spec', 'nodeName')) return other;
    if (priorityOf(other) < priorityOf(pod)) return other;
    return { ...other, spec: { ...(other['spec'] as object), nodeName } };
  });
}
