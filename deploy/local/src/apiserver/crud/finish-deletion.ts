import type { KubeObject } from '../kube-object.js';
import type { ResourceType } from '../resources/resource-type.js';
import type { ApiContext } from './api-context.js';

/** Removes an object that is marked for deletion and that nothing holds any more. Returns whether it is gone. */
export function finishDeletion(context: ApiContext, type: ResourceType, object: KubeObject): boolean {
  const { metadata } = object;
  if (!metadata.deletionTimestamp || metadata.finalizers?.length) return false;
  if ((metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
  if (type.bucket === '/namespaces') return false;
  context.store.remove(type.bucket, metadata.namespace ?? '', metadata.name);
  return true;
}
