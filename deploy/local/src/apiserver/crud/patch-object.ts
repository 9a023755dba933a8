import { cloneJson, isObject, type JsonObject } from '../json.js';
import { kubeTime, type KubeObject } from '../kube-object.js';
import { applyJsonPatch } from '../patch/json-patch.js';
import { applyConfiguration } from '../patch/managed-fields.js';
import { applyMergePatch } from '../patch/merge-patch.js';
import { applyStrategicMergePatch } from '../patch/strategic-merge-patch.js';
import { apiVersionOf, type ResourceType } from '../resources/resource-type.js';
import { badRequest, modified, notFound, unsupportedMedia } from '../status-error.js';
import type { ApiContext, WriteOptions } from './api-context.js';
import { createObject } from './create-object.js';
import { decodeObject } from './decode.js';
import { updateObject } from './update-object.js';
import { toServed } from './versions.js';

export interface PatchRequest {
  /** Media type without parameters. */
  contentType: string;
  body: unknown;
  /** Server-side apply takes over fields of others. */
  force: boolean;
  subresource?: string | undefined;
}

/** Applies one of the four kinds of patch. `created` is true when a server-side apply made a new object. */
export function patchObject(
  context: ApiContext,
  type: ResourceType,
  namespace: string,
  name: string,
  patch: PatchRequest,
  options: WriteOptions,
): { object: KubeObject; created: boolean } {
  const stored = context.store.bucket(type.bucket).get(type.namespaced ? namespace : '', name);
  const live = stored ? toServed(type, stored) : undefined;
  if (patch.contentType === 'application/apply-patch+yaml') {
    return applyObject(context, type, namespace, name, live, patch, options);
  }
  if (!live) throw notFound(type, name);
  const body = patchedBody(type, live, patch);
  return {
    object: updateObject(context, type, namespace, name, body, {
      ...options,
      subresource: patch.subresource,
    }),
    created: false,
  };
}

function patchedBody(type: ResourceType, live: KubeObject, patch: PatchRequest): JsonObject {
  if (patch.contentType === 'application/json-patch+json') return applyJsonPatch(live, patch.body);
  if (!isObject(patch.body)) throw badRequest('a patch must be an object');
  const base = cloneJson(patch.subresource === 'status' ? statusPart(live) : live);
  // The patched object carries the live version unless the patch itself names one, which then must match.
  switch (patch.contentType) {
    case 'application/merge-patch+json':
      return applyMergePatch(base, patch.body);
    case 'application/strategic-merge-patch+json':
      if (type.custom) {
        throw unsupportedMedia(
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
        );
      }
      return applyStrategicMergePatch(base, patch.body, type.schema());
    default:
      throw unsupportedMedia(`the patch type "${patch.contentType}" is not supported`);
  }
}

function applyObject(
  context: ApiContext,
  type: ResourceType,
  namespace: string,
  name: string,
  live: KubeObject | undefined,
  patch: PatchRequest,
  options: WriteOptions,
): { object: KubeObject; created: boolean } {
  if (!isObject(patch.body)) throw badRequest('an applied configuration must be an object');
  const body = cloneJson(patch.body);
  const metadata = isObject(body['metadata']) ? body['metadata'] : {};
  body['metadata'] = metadata;
  if (metadata['managedFields'] !== undefined && metadata['managedFields'] !== null) {
    throw badRequest('metadata.managedFields must be nil');
  }
  metadata['name'] ??= name;
  if (metadata['name'] !== name) {
    throw badRequest(
      `the name of the object (${String(metadata['name'])}) does not match the name on the URL (${name})`,
    );
  }
  const given = metadata['resourceVersion'];
  if (given && (!live || given !== live.metadata.resourceVersion)) throw modified(type, name);
  delete metadata['resourceVersion'];
  const applied = decodeApplied(type, body, options);
  const writer = {
    manager: options.manager,
    operation: 'Apply' as const,
    subresource: patch.subresource,
    apiVersion: apiVersionOf(type),
    time: kubeTime(context.now()),
  };
  if (!live && patch.subresource) throw notFound(type, name);
  const spoken = ownedPart(type, applied, patch.subresource);
  const isStatus = patch.subresource === 'status';
  const { managedFields } = live?.metadata ?? {};
  // Of the rest nothing is spoken, so nothing of it can be taken over or removed.
  const base = live && isStatus ? withFieldsOf(statusPart(live), managedFields) : live;
  const result = applyConfiguration(base, spoken, type.schema(), writer, patch.force);
  if (!live) {
    const object = createObject(context, type, namespace, result.object, options, result.managedFields);
    return { object, created: true };
  }
  const merged = cloneJson(isStatus ? statusPart(result.object as KubeObject) : result.object);
  const object = updateObject(context, type, namespace, name, merged, {
    ...options,
    subresource: patch.subresource,
    managedFields: result.managedFields,
  });
  return { object, created: false };
}

/** What a write to the status can change: copying and checking the rest, which is most of an object, would be for nothing. */
function statusPart({ apiVersion, kind, metadata, status }: KubeObject): KubeObject {
  const { managedFields: _managedFields, ...names } = metadata;
  return { apiVersion, kind, metadata: names, ...(status === undefined ? {} : { status }) };
}

const withFieldsOf = (
  object: KubeObject,
  managedFields: KubeObject['metadata']['managedFields'],
): KubeObject =>
  managedFields === undefined ? object : { ...object, metadata: { ...object.metadata, managedFields } };

/** Prunes and type-checks an applied configuration without filling in defaults: those are nobody's intent. */
function decodeApplied(type: ResourceType, body: JsonObject, options: WriteOptions): JsonObject {
  const { schema } = type;
  const bare: ResourceType = { ...type, schema: () => withoutDefaults(schema()) };
  return decodeObject(bare, body, options);
}

const bareSchemas = new WeakMap<object, ReturnType<ResourceType['schema']>>();

function withoutDefaults(schema: ReturnType<ResourceType['schema']>): ReturnType<ResourceType['schema']> {
  if (!schema || schema.builtin) return schema;
  let bare = bareSchemas.get(schema);
  if (!bare) bareSchemas.set(schema, (bare = stripDefaults(schema)));
  return bare;
}

function stripDefaults(schema: NonNullable<ReturnType<ResourceType['schema']>>): typeof schema {
  if (schema.builtin) return schema;
  const { default: _default, ...rest } = schema;
  const properties = schema.properties
    ? Object.fromEntries(Object.entries(schema.properties).map(([key, child]) => [key, stripDefaults(child)]))
    : undefined;
  return {
    ...rest,
    ...(properties ? { properties } : {}),
    ...(schema.items ? { items: stripDefaults(schema.items) } : {}),
    ...(typeof schema.additionalProperties === 'object'
      ? { additionalProperties: stripDefaults(schema.additionalProperties) }
      : {}),
  };
}

/** An apply to the object does not own the status, one to the status owns nothing else. */
function ownedPart(type: ResourceType, applied: JsonObject, subresource: string | undefined): JsonObject {
  if (subresource === 'status') {
    const { apiVersion, kind, status } = applied;
    return { apiVersion, kind, metadata: {}, ...(status === undefined ? {} : { status }) };
  }
  if (!type.strategy.statusSubresource) return applied;
  const { status: _status, ...rest } = applied;
  return rest;
}
