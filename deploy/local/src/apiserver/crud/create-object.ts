import { randomBytes, randomUUID } from 'node:crypto';
import { checkResourceQuotas } from '../admission/resource-quotas.js';
import { reviewWrite } from '../admission/write-review.js';
import { objectOr, type JsonObject } from '../json.js';
import { kubeTime, type KubeObject } from '../kube-object.js';
import { trackUpdate } from '../patch/managed-fields.js';
import { apiVersionOf, type ResourceType } from '../resources/resource-type.js';
import { alreadyExists, badRequest, forbidden, notFound } from '../status-error.js';
import type { ApiContext, WriteOptions } from './api-context.js';
import { decodeObject, validateObject } from './decode.js';
import { toServed, toStored } from './versions.js';

const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

function randomSuffix(): string {
  return [...randomBytes(5)].map((byte) => suffixAlphabet[byte % suffixAlphabet.length]).join('');
}

/**
 * Creates an object. Throws StatusError: 400 (body), 404 (namespace), 403 (namespace is going), 409 (exists),
 * 422 (validation).
 */
export function createObject(
  context: ApiContext,
  type: ResourceType,
  namespace: string,
  body: JsonObject,
  options: WriteOptions,
  /** Field management of a server-side apply that creates; by default the writer owns every field. */
  managedFields?: KubeObject['metadata']['managedFields'],
): KubeObject {
  const object = decodeObject(type, body, options);
  placeInNamespace(type, object, namespace);
  const { metadata } = object;
  if (metadata.resourceVersion)
    throw badRequest('resourceVersion should not be set on objects to be created');
  if (!metadata.name && metadata.generateName)
    metadata.name = metadata.generateName.slice(0, 58) + randomSuffix();
  if (!metadata.name) throw badRequest('name or generateName is required');
  requireNamespace(context, type, namespace, metadata.name);
  metadata.uid = randomUUID();
  metadata.creationTimestamp = kubeTime(context.now());
  metadata.resourceVersion = '';
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.managedFields;
  if (type.strategy.generation) metadata.generation = 1;
  else delete metadata.generation;
  if (type.strategy.statusSubresource && !type.strategy.keepStatusOnCreate) delete object['status'];
  type.strategy.prepareCreate?.(object);
  type.strategy.admit?.(object, context.store, type);
  validateObject(type, object, undefined);
  reviewWrite(context, {
    operation: 'CREATE',
    type,
    namespace,
    name: metadata.name,
    object,
    oldObject: null,
    dryRun: options.dryRun,
    user: options.user,
    warnings: options.warnings,
  });
  type.strategy.review?.(object, context.store, type);
  if (type.namespaced) checkResourceQuotas(object, context.store, type);
  const writer = {
    manager: options.manager,
    operation: 'Update' as const,
    subresource: undefined,
    apiVersion: apiVersionOf(type),
    time: metadata.creationTimestamp,
  };
  metadata.managedFields = managedFields ?? trackUpdate(undefined, object, type.schema(), writer);
  if (context.store.bucket(type.bucket).get(namespace, metadata.name))
    throw alreadyExists(type, metadata.name);
  if (options.dryRun) return object;
  return toServed(type, context.store.put(type.bucket, toStored(type, object)));
}

/** Sets metadata.namespace from the URL; throws 400 when the body says another. */
export function placeInNamespace(type: ResourceType, object: KubeObject, namespace: string): void {
  const { metadata } = object;
  if (!type.namespaced) {
    delete metadata.namespace;
    return;
  }
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest(
      `the namespace of the provided object does not match the namespace sent on the request (${metadata.namespace} != ${namespace})`,
    );
  }
  metadata.namespace = namespace;
}

function requireNamespace(context: ApiContext, type: ResourceType, namespace: string, name: string): void {
  if (!type.namespaced) return;
  const space = context.store.bucket('/namespaces').get('', namespace);
  if (!space) throw notFound({ group: '', resource: 'namespaces' }, namespace);
  if (objectOr(space['status'])['phase'] === 'Terminating') {
    throw forbidden(
      type,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    );
  }
}
