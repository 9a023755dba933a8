import { reviewWrite } from '../admission/write-review.js';
import type { User } from '../auth/user.js';
import { isObject, objectOr, type JsonObject, textOf } from '../json.js';
import { kubeTime, type KubeObject } from '../kube-object.js';
import type { ResourceType } from '../resources/resource-type.js';
import { conflict, badRequest } from '../status-error.js';
import type { ApiContext } from './api-context.js';
import { getObject } from './update-object.js';
import { toServed, toStored } from './versions.js';

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun: boolean;
  /** Who deletes, for admission; nobody: the server itself. */
  user?: User;
}

/** Delete options from the body (`kind: DeleteOptions`) and the query; throws StatusError 400. */
export function parseDeleteOptions(body: JsonObject | undefined, query: URLSearchParams): DeleteOptions {
  const grace = body?.['gracePeriodSeconds'] ?? numberOf(query.get('gracePeriodSeconds'));
  const orphan =
    body?.['orphanDependents'] ??
    (query.has('orphanDependents') ? query.get('orphanDependents') === 'true' : undefined);
  const policy =
    body?.['propagationPolicy'] ?? query.get('propagationPolicy') ?? (orphan === true ? 'Orphan' : undefined);
  if (policy !== undefined && policy !== 'Orphan' && policy !== 'Background' && policy !== 'Foreground') {
    throw badRequest(`propagationPolicy must be Orphan, Background or Foreground, not "${textOf(policy)}"`);
  }
  const preconditions = body?.['preconditions'];
  const dryRun = body?.['dryRun'] ?? query.getAll('dryRun');
  return {
    ...(typeof grace === 'number' && grace >= 0 ? { gracePeriodSeconds: grace } : {}),
    ...(policy ? { propagationPolicy: policy } : {}),
    ...(isObject(preconditions) ? { preconditions: preconditions } : {}),
    dryRun: Array.isArray(dryRun) && dryRun.includes('All'),
  };
}

function numberOf(text: string | null): number | undefined {
  return text === null || text === '' ? undefined : Number(text);
}

/**
 * Deletes an object, or marks it when finalizers, a grace period or a propagation policy hold it.
 * `gone` tells which; `object` is its last or marked state. Throws StatusError 404 or 409 (preconditions).
 */
export function deleteObject(
  context: ApiContext,
  type: ResourceType,
  namespace: string,
  name: string,
  options: DeleteOptions,
): { gone: boolean; object: KubeObject } {
  const old = getObject(context, type, namespace, name);
  checkPreconditions(type, old, options);
  reviewWrite(context, {
    operation: 'DELETE',
    type,
    namespace,
    name,
    object: null,
    oldObject: old,
    dryRun: options.dryRun,
    user: options.user,
    warnings: [],
  });
  const finalizers = new Set(old.metadata.finalizers ?? []);
  if (options.propagationPolicy === 'Orphan') finalizers.add('orphan').delete('foregroundDeletion');
  else if (options.propagationPolicy === 'Foreground') finalizers.add('foregroundDeletion').delete('orphan');
  const wanted = type.strategy.gracePeriod?.(old, options.gracePeriodSeconds) ?? 0;
  // A second deletion can only shorten the grace period.
  const running = old.metadata.deletionTimestamp ? old.metadata.deletionGracePeriodSeconds : undefined;
  const grace = running === undefined ? wanted : Math.min(running, wanted);
  if (options.dryRun) return { gone: finalizers.size === 0 && grace === 0, object: old };
  if (finalizers.size === 0 && grace === 0 && type.bucket !== '/namespaces') {
    const last = context.store.remove(type.bucket, old.metadata.namespace ?? '', name);
    return { gone: true, object: toServed(type, last ?? old) };
  }
  const changed =
    !old.metadata.deletionTimestamp ||
    grace !== (running ?? grace) ||
    finalizers.size !== (old.metadata.finalizers?.length ?? 0);
  if (!changed) return { gone: false, object: old };
  const marked: KubeObject = {
    ...old,
    metadata: {
      ...old.metadata,
      deletionTimestamp:
        old.metadata.deletionTimestamp && grace === running
          ? old.metadata.deletionTimestamp
          : kubeTime(context.now() + grace * 1000),
      deletionGracePeriodSeconds: grace,
      ...(finalizers.size > 0 ? { finalizers: [...finalizers] } : {}),
      ...(old.metadata.generation !== undefined && !old.metadata.deletionTimestamp
        ? { generation: old.metadata.generation + 1 }
        : {}),
    },
  };
  if (type.bucket === '/namespaces') {
    delete marked.metadata.deletionGracePeriodSeconds;
    marked['status'] = { ...objectOr(old['status']), phase: 'Terminating' };
  }
  return { gone: false, object: toServed(type, context.store.put(type.bucket, toStored(type, marked))) };
}

function checkPreconditions(type: ResourceType, old: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { metadata } = old;
  if (uid && uid !== metadata.uid) {
    throw conflict(
      type,
      metadata.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`,
    );
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      type,
      metadata.name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`,
    );
  }
}
