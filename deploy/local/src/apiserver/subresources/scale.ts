import { reviewWrite } from '../admission/write-review.js';
import type { ApiContext, WriteOptions } from '../crud/api-context.js';
import { getObject, updateObject } from '../crud/update-object.js';
import { at, cloneJson, isObject, type JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import { applyJsonPatch } from '../patch/json-patch.js';
import { applyMergePatch } from '../patch/merge-patch.js';
import type { ResourceType } from '../resources/resource-type.js';
import { badRequest, noSuchPath, StatusError } from '../status-error.js';

function selectorText(selector: unknown): string | undefined {
  if (typeof selector === 'string') return selector;
  const labels = at(selector, 'matchLabels');
  if (!isObject(labels)) return undefined;
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',');
}

/** The autoscaling/v1 Scale of an object. Throws StatusError 500 for a custom one without a replica count, as Kubernetes does. */
export function readScale(
  context: ApiContext,
  type: ResourceType,
  namespace: string,
  name: string,
): JsonObject {
  const object = getObject(context, type, namespace, name);
  if (type.custom && type.scale !== undefined && at(object, ...type.scale.specReplicas) === undefined) {
    throw new StatusError(
      500,
      'InternalError',
      `Internal error occurred: the spec replicas field ".${type.scale.specReplicas.join('.')}" does not exist`,
    );
  }
  return scaleOf(type, object);
}

function scaleOf(type: ResourceType, object: KubeObject): JsonObject {
  if (!type.scale) throw noSuchPath();
  const { metadata } = object;
  const selector = type.scale.selector && selectorText(at(object, ...type.scale.selector));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name: metadata.name,
      ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      creationTimestamp: metadata.creationTimestamp,
    },
    spec: { replicas: at(object, ...type.scale.specReplicas) ?? 0 },
    status: { replicas: at(object, ...type.scale.statusReplicas) ?? 0, ...(selector ? { selector } : {}) },
  };
}

/** Sets the replica count that a Scale states. Throws StatusError 400, 404, 409 or 422. */
export function writeScale(
  context: ApiContext,
  type: ResourceType,
  namespace: string,
  name: string,
  scale: JsonObject,
  options: WriteOptions,
): JsonObject {
  if (!type.scale) throw noSuchPath();
  const replicas = at(scale, 'spec', 'replicas') ?? 0;
  if (typeof replicas !== 'number' || replicas < 0 || !Number.isInteger(replicas)) {
    throw badRequest('spec.replicas of a Scale must be a whole number, 0 or more');
  }
  const object = cloneJson(getObject(context, type, namespace, name));
  const version = at(scale, 'metadata', 'resourceVersion');
  if (typeof version === 'string' && version) object.metadata.resourceVersion = version;
  const before = scaleOf(type, object);
  setAt(object, type.scale.specReplicas, replicas);
  const { dryRun, user, warnings } = options;
  reviewWrite(context, {
    operation: 'UPDATE',
    type,
    namespace,
    name,
    subresource: 'scale',
    kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    object: scaleOf(type, object),
    oldObject: before,
    dryRun,
    user,
    warnings,
  });
  const { user: _reviewed, ...asServer } = options;
  return scaleOf(
    type,
    updateObject(context, type, namespace, name, object, { ...asServer, subresource: 'scale' }),
  );
}

export function patchScale(
  context: ApiContext,
  type: ResourceType,
  namespace: string,
  name: string,
  contentType: string,
  body: unknown,
  options: WriteOptions,
): JsonObject {
  const live = scaleOf(type, getObject(context, type, namespace, name));
  const patched =
    contentType === 'application/json-patch+json'
      ? applyJsonPatch(live, body)
      : isObject(body)
        ? applyMergePatch(live, body)
        : undefined;
  if (!patched) throw badRequest('a patch must be an object');
  return writeScale(context, type, namespace, name, patched, options);
}

function setAt(object: JsonObject, path: string[], value: unknown): void {
  let current = object;
  for (const step of path.slice(0, -1)) {
    const next = current[step];
    if (isObject(next)) {
      current = next;
    } else {
      const made: JsonObject = {};
      current[step] = made;
      current = made;
    }
  }
  const last = path.at(-1);
  if (last) current[last] = value;
}
