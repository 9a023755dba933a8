import type { JsonObject } from '../apiserver/json.js';

/** Whether a pod's toleration covers a node's taint. */
export function tolerates(toleration: JsonObject, taint: JsonObject): boolean {
  if (toleration['effect'] && toleration['effect'] !== taint['effect']) return false;
  if (toleration['operator'] === 'Exists') return !toleration['key'] || toleration['key'] === taint['key'];
  return toleration['key'] === taint['key'] && (toleration['value'] ?? '') === (taint['value'] ?? '');
}

/**
 * Seconds that a pod may stay on a node with these NoExecute taints: Infinity when it tolerates all of them for ever,
 * 0 when it does not tolerate one, otherwise the shortest of the tolerations in use.
 */
export function secondsToStay(tolerations: readonly JsonObject[], taints: readonly JsonObject[]): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    if (taint['effect'] !== 'NoExecute') continue;
    const covering = tolerations.filter((toleration) => tolerates(toleration, taint));
    if (covering.length === 0) return 0;
    for (const { tolerationSeconds } of covering)
      if (typeof tolerationSeconds === 'number')
        shortest = Math.min(shortest, Math.max(0, tolerationSeconds));
  }
  return shortest;
}
