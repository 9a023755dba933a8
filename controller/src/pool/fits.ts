import type { Taint, Toleration } from './objects.js';
import { GPU_RESOURCE } from './flavor.js';
import type { PoolNode } from './pool.js';

/** What the pods of a job ask of a node, besides GPUs. */
export interface NodeNeeds {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
}

/** The taint of GPU nodes, which every worker tolerates. */
export const GPU_TOLERATION: Toleration = { key: GPU_RESOURCE, operator: 'Exists' };

/** Whether the job's pods may ever go to the node; whether it is available now is another question. */
export function suits(node: PoolNode, needs: NodeNeeds): boolean {
  for (const [key, value] of Object.entries(needs.nodeSelector)) {
    if (node.labels[key] !== value) return false;
  }
  return !isTaintedFor(node.taints, needs);
}

/** Whether a taint that does not pass by itself closes the node to the job's pods. */
export const isTaintedFor = (taints: readonly Taint[], needs: NodeNeeds): boolean =>
  !taints.every(
    (taint) =>
      isTransient(taint) ||
      taint.effect === 'PreferNoSchedule' ||
      [GPU_TOLERATION, ...needs.tolerations].some((toleration) => tolerates(toleration, taint)),
  );

/** Whether a taint that will pass, or that the job does not tolerate, keeps it away now. */
export const isKeptAway = (node: PoolNode, needs: NodeNeeds): boolean =>
  node.taints.some(
    (taint) =>
      isTransient(taint) &&
      taint.effect !== 'PreferNoSchedule' &&
      !needs.tolerations.some((toleration) => tolerates(toleration, taint)),
  );

/** Taints that Kubernetes itself sets and takes away: not ready, unreachable, under pressure, cordoned. */
const isTransient = (taint: Taint) => taint.key.startsWith('node.kubernetes.io/');

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== '' && toleration.effect !== taint.effect)
    return false;
  if (toleration.key === undefined || toleration.key === '') return toleration.operator === 'Exists';
  if (toleration.key !== taint.key) return false;
  return toleration.operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? '');
}
