import type { JsonObject } from '../json.js';
import type { ResourceType } from '../resources/resource-type.js';

const queryParameter = (name: string, description: string, type = 'string'): JsonObject => ({
  name,
  in: 'query',
  description,
  schema: { type },
});

const pathParameter = (name: string): JsonObject => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string' },
});

const writeParameters = [
  queryParameter('dryRun', 'When present, indicates that modifications should not be persisted: "All".'),
  queryParameter('fieldManager', 'Name of the actor that is making these changes.'),
  queryParameter('fieldValidation', 'How to treat unknown or duplicate fields: Ignore, Warn or Strict.'),
];

const listParameters = [
  queryParameter('labelSelector', 'Restricts the list by labels.'),
  queryParameter('fieldSelector', 'Restricts the list by fields.'),
  queryParameter('limit', 'Largest number of items in one answer.', 'integer'),
  queryParameter('continue', 'Token of the next page.'),
  queryParameter('resourceVersion', 'Constraint on the revision that is read.'),
  queryParameter('resourceVersionMatch', 'How resourceVersion constrains: Exact or NotOlderThan.'),
  queryParameter('watch', 'Stream changes instead of listing.', 'boolean'),
  queryParameter('allowWatchBookmarks', 'Send BOOKMARK events.', 'boolean'),
  queryParameter('timeoutSeconds', 'End the stream after this time.', 'integer'),
];

const patchTypes = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
];

/** OpenAPI v3 path items of a resource. `ref` refers to its component. */
export function pathItems(
  type: ResourceType,
  ref: JsonObject,
  listRef: JsonObject,
): Record<string, JsonObject> {
  const root = type.group ? `/apis/${type.group}/${type.version}` : `/api/${type.version}`;
  const gvk = { group: type.group, version: type.version, kind: type.kind };
  const operation = (action: string, answer: JsonObject, extra: JsonObject = {}): JsonObject => ({
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
    responses: { '200': { description: 'OK', content: { 'application/json': { schema: answer } } } },
    ...extra,
  });
  const body = (types: string[]): JsonObject => ({
    requestBody: {
      content: Object.fromEntries(types.map((media) => [media, { schema: ref }])),
      required: true,
    },
    parameters: writeParameters,
  });
  const patches = type.custom ? patchTypes : [...patchTypes, 'application/strategic-merge-patch+json'];
  const base = type.namespaced
    ? `${root}/namespaces/{namespace}/${type.resource}`
    : `${root}/${type.resource}`;
  const scope = type.namespaced ? [pathParameter('namespace')] : [];
  const items: Record<string, JsonObject> = {
    [base]: {
      parameters: scope,
      get: operation('list', listRef, { parameters: listParameters }),
      post: operation('post', ref, body(['application/json', 'application/yaml'])),
      delete: operation('deletecollection', { type: 'object' }),
    },
    [`${base}/{name}`]: {
      parameters: [...scope, pathParameter('name')],
      get: operation('get', ref),
      put: operation('put', ref, body(['application/json', 'application/yaml'])),
      patch: operation('patch', ref, body(patches)),
      delete: operation('delete', { type: 'object' }),
    },
  };
  if (type.namespaced)
    items[`${root}/${type.resource}`] = { get: operation('list', listRef, { parameters: listParameters }) };
  if (type.subresources.includes('status')) {
    items[`${base}/{name}/status`] = {
      parameters: [...scope, pathParameter('name')],
      get: operation('get', ref),
      put: operation('put', ref, body(['application/json'])),
      patch: operation('patch', ref, body(patches)),
    };
  }
  return items;
}
