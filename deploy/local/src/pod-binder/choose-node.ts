import { at, isObject, objectOr, objectsOf, stringOr, type JsonObject } from '../apiserver/json.js';
import type { KubeObject } from '../apiserver/kube-object.js';
import { freeResources, podRequests, shortages } from './node-room.js';
import { tolerates } from './tolerations.js';

export interface Choice {
  /** Name of the node; undefined: none fits. */
  node: string | undefined;
  /** Why not, as kube-scheduler says it: `0/2 nodes are available: 2 Insufficient nvidia.com/gpu.` */
  message: string;
}

function matchesExpression(labels: Record<string, string>, expression: JsonObject): boolean {
  const value = labels[stringOr(expression['key'], '')];
  const values = Array.isArray(expression['values']) ? expression['values'].map(String) : [];
  switch (expression['operator']) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

function matchesAffinity(pod: KubeObject, node: KubeObject): boolean {
  const labels = node.metadata.labels ?? {};
  const selector = Object.entries(objectOr(at(pod, 'spec', 'nodeSelector')));
  if (!selector.every(([key, value]) => labels[key] === value)) return false;
  const required = at(
    pod,
    'spec',
    'affinity',
    'nodeAffinity',
    'requiredDuringSchedulingIgnoredDuringExecution',
  );
  if (!isObject(required)) return true;
  return objectsOf(required['nodeSelectorTerms']).some(
    (term) =>
      objectsOf(term['matchExpressions']).every((expression) => matchesExpression(labels, expression)) &&
      objectsOf(term['matchFields']).every((expression) =>
        matchesExpression({ 'metadata.name': node.metadata.name }, expression),
      ),
  );
}

/** The first taint that keeps the pod away, or undefined. */
function repellingTaint(pod: KubeObject, node: KubeObject): JsonObject | undefined {
  const tolerations = objectsOf(at(pod, 'spec', 'tolerations'));
  return objectsOf(at(node, 'spec', 'taints')).find((taint) => {
    if (taint['effect'] === 'PreferNoSchedule') return false;
    return !tolerations.some((toleration) => tolerates(toleration, taint));
  });
}

function isReady(node: KubeObject): boolean {
  return objectsOf(at(node, 'status', 'conditions')).some(
    (condition) => condition['type'] === 'Ready' && condition['status'] === 'True',
  );
}

/** Why a node can never take a pod, whatever is free on it; undefined: it can. */
export function refusalOf(pod: KubeObject, node: KubeObject): string | undefined {
  if (!isReady(node)) return 'node(s) were not ready';
  if (at(node, 'spec', 'unschedulable') === true) return 'node(s) were unschedulable';
  const taint = repellingTaint(pod, node);
  if (taint !== undefined)
    return `node(s) had untolerated taint {${stringOr(taint['key'], '')}: ${stringOr(taint['value'], '')}}`;
  return matchesAffinity(pod, node) ? undefined : "node(s) didn't match Pod's node affinity/selector";
}

/**
 * Chooses a node for a pod: ready and schedulable, selected by the pod's node selector and required affinity, without
 * a taint that the pod does not tolerate, with enough free resources; of those the one with most free CPU, then by
 * name. A pure function of its arguments.
 */
export function chooseNode(
  pod: KubeObject,
  nodes: readonly KubeObject[],
  pods: readonly KubeObject[],
): Choice {
  const reasons = new Map<string, number>();
  const refuse = (reason: string): void => void reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const wanted = podRequests(pod);
  const fitting: { name: string; freeCpu: number }[] = [];
  for (const node of nodes) {
    const refusal = refusalOf(pod, node);
    if (refusal !== undefined) {
      refuse(refusal);
      continue;
    }
    const free = freeResources(node, pods);
    const short = shortages(wanted, free);
    for (const name of short) refuse(name === 'pods' ? 'Too many pods' : `Insufficient ${name}`);
    if (short.length === 0) fitting.push({ name: node.metadata.name, freeCpu: free['cpu'] ?? 0 });
  }
  fitting.sort((a, b) => b.freeCpu - a.freeCpu || (a.name < b.name ? -1 : 1));
  const parts = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  return {
    node: fitting[0]?.name,
    message: `0/${nodes.length} nodes are available${parts.length > 0 ? `: ${parts.join(', ')}` : ''}.`,
  };
}
