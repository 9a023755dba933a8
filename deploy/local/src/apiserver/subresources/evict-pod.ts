import { reviewWrite } from '../admission/write-review.js';
import type { ApiContext, WriteOptions } from '../crud/api-context.js';
import { deleteObject, parseDeleteOptions } from '../crud/delete-object.js';
import { matchesLabelSelector } from '../crud/selectors.js';
import { getObject } from '../crud/update-object.js';
import { at, objectsOf, type JsonObject, isObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import type { ResourceType } from '../resources/resource-type.js';
import { tooManyRequests } from '../status-error.js';

const isReady = (pod: KubeObject): boolean =>
  objectsOf(at(pod, 'status', 'conditions')).some(
    (condition) => condition['type'] === 'Ready' && condition['status'] === 'True',
  );

/** Absolute number meant by a PodDisruptionBudget value: a number, or a percentage rounded up. */
function amount(value: unknown, total: number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(String(value))?.[1];
  return percent === undefined ? 0 : Math.ceil((Number(percent) / 100) * total);
}

/** Deletes a pod unless a PodDisruptionBudget forbids it (StatusError 429). */
export function evictPod(
  context: ApiContext,
  type: ResourceType,
  namespace: string,
  name: string,
  body: JsonObject,
  write: WriteOptions,
): void {
  const pod = getObject(context, type, namespace, name);
  reviewWrite(context, {
    operation: 'CREATE',
    type,
    namespace,
    name,
    subresource: 'eviction',
    kind: { group: 'policy', version: 'v1', kind: 'Eviction' },
    object: body,
    oldObject: null,
    dryRun: write.dryRun,
    user: write.user,
    warnings: write.warnings,
  });
  if (isReady(pod)) checkBudgets(context, namespace, pod);
  const options = at(body, 'deleteOptions');
  deleteObject(
    context,
    type,
    namespace,
    name,
    parseDeleteOptions(isObject(options) ? options : undefined, new URLSearchParams()),
  );
}

function checkBudgets(context: ApiContext, namespace: string, pod: KubeObject): void {
  const pods = context.store.bucket('/pods').list(namespace);
  for (const budget of context.store.bucket('policy/poddisruptionbudgets').list(namespace)) {
    const selector = at(budget, 'spec', 'selector');
    if (!matchesLabelSelector(pod.metadata.labels ?? {}, selector)) continue;
    const covered = pods.filter((other) => matchesLabelSelector(other.metadata.labels ?? {}, selector));
    const healthy = covered.filter((other) => isReady(other) && !other.metadata.deletionTimestamp).length;
    const maxUnavailable = at(budget, 'spec', 'maxUnavailable');
    const needed =
      maxUnavailable === undefined
        ? amount(at(budget, 'spec', 'minAvailable'), covered.length)
        : covered.length - amount(maxUnavailable, covered.length);
    if (healthy - 1 >= needed) continue;
    throw tooManyRequests(
      `Cannot evict pod as it would violate the pod's disruption budget. The disruption budget ${budget.metadata.name} needs ${needed} healthy pods and has ${healthy} currently`,
      10,
    );
  }
}
