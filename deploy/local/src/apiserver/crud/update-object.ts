import { reviewWrite } from '../admission/write-review.js';
import { equalJson, type JsonObject } from '../json.js';
import { kubeTime, type KubeObject, type ManagedFieldsEntry } from '../kube-object.js';
import { trackUpdate } from '../patch/managed-fields.js';
import { apiVersionOf, type ResourceType } from '../resources/resource-type.js';
import { badRequest, conflict, modified, notFound } from '../status-error.js';
import type { ApiContext, WriteOptions } from './api-context.js';
import { placeInNamespace } from './create-object.js';
import { decodeObject, validateObject } from './decode.js';
import { finishDeletion } from './finish-deletion.js';
import { toServed, toStored } from './versions.js';

export interface UpdateOptions extends WriteOptions {
  subresource?: string | undefined;
  /** Field management computed by server-side apply; otherwise the writer owns what it changed. */
  managedFields?: ManagedFieldsEntry[];
}

/** The served form of an existing object; throws StatusError 404. */
export function getObject(
  context: ApiContext,
  type: ResourceType,
  namespace: string,
  name: string,
): KubeObject {
  const stored = context.store.bucket(type.bucket).get(type.namespaced ? namespace : '', name);
  if (!stored) throw notFound(type, name);
  return toServed(type, stored);
}

/**
 * Replaces an object (or its status) by `body`. Throws StatusError: 404, 409 (resourceVersion or uid differ), 422.
 * A replacement that changes nothing keeps the resourceVersion.
 */
export function updateObject(
  context: ApiContext,
  type: ResourceType,
  namespace: string,
  name: string,
  body: JsonObject,
  options: UpdateOptions,
): KubeObject {
  const old = getObject(context, type, namespace, name);
  const decoded = decodeObject(type, body, options);
  const given = decoded.metadata;
  if (given.name && given.name !== name) {
    throw badRequest(`the name of the object (${given.name}) does not match the name on the URL (${name})`);
  }
  if (given.resourceVersion && given.resourceVersion !== old.metadata.resourceVersion)
    throw modified(type, name);
  if (given.uid && given.uid !== old.metadata.uid) {
    throw conflict(
      type,
      name,
      `Precondition failed: UID in precondition: ${given.uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  placeInNamespace(type, decoded, namespace);
  const object =
    options.subresource === 'status' ? onlyStatus(decoded, old) : withoutStatus(type, decoded, old);
  carrySystemFields(object, old);
  if (options.subresource !== 'status') type.strategy.prepareUpdate?.(object, old);
  validateObject(type, object, old);
  reviewWrite(context, {
    operation: 'UPDATE',
    type,
    namespace,
    name,
    subresource: options.subresource,
    object,
    oldObject: old,
    dryRun: options.dryRun,
    user: options.user,
    warnings: options.warnings,
  });
  if (type.strategy.generation && specChanged(type, object, old)) {
    object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
  const managed = managedFieldsOf(context, type, object, old, given.managedFields, options);
  if (managed.length > 0) object.metadata.managedFields = managed;
  else delete object.metadata.managedFields;
  if (equalJson(object, old) || options.dryRun) return options.dryRun ? object : old;
  if (finishDeletion(context, type, object)) return object;
  return toServed(type, context.store.put(type.bucket, toStored(type, object)));
}

function onlyStatus(decoded: KubeObject, old: KubeObject): KubeObject {
  const object: KubeObject = { ...old, metadata: { ...old.metadata } };
  if (decoded['status'] === undefined) delete object['status'];
  else object['status'] = decoded['status'];
  return object;
}

function withoutStatus(type: ResourceType, decoded: KubeObject, old: KubeObject): KubeObject {
  if (!type.strategy.statusSubresource) return decoded;
  if (old['status'] === undefined) delete decoded['status'];
  else decoded['status'] = old['status'];
  return decoded;
}

function carrySystemFields(object: KubeObject, old: KubeObject): void {
  const { metadata } = object;
  const before = old.metadata;
  metadata.name = before.name;
  metadata.uid = before.uid;
  metadata.resourceVersion = before.resourceVersion;
  metadata.creationTimestamp = before.creationTimestamp;
  for (const field of [
    'generateName',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
  ] as const) {
    if (before[field] === undefined) delete metadata[field];
    else Object.assign(metadata, { [field]: before[field] });
  }
}

function specChanged(type: ResourceType, object: KubeObject, old: KubeObject): boolean {
  const strip = (value: KubeObject): JsonObject => {
    const { metadata: _metadata, status, ...rest } = value;
    return type.strategy.statusSubresource ? rest : { ...rest, status };
  };
  return !equalJson(strip(object), strip(old));
}

function managedFieldsOf(
  context: ApiContext,
  type: ResourceType,
  object: KubeObject,
  old: KubeObject,
  given: ManagedFieldsEntry[] | undefined,
  options: UpdateOptions,
): ManagedFieldsEntry[] {
  if (options.managedFields) return options.managedFields;
  // A client may reset field management with an empty list or a list of one empty entry.
  const reset =
    given !== undefined &&
    (given.length === 0 || (given.length === 1 && Object.keys(given[0]!).length === 0));
  const base = reset ? { ...old, metadata: { ...old.metadata, managedFields: [] } } : old;
  return trackUpdate(base, object, type.schema(), {
    manager: options.manager,
    operation: 'Update',
    subresource: options.subresource,
    apiVersion: apiVersionOf(type),
    time: kubeTime(context.now()),
  });
}
