import type { JsonObject } from '../json.js';
import type { ResourceRegistry } from '../resources/resource-registry.js';
import type { ResourceType } from '../resources/resource-type.js';
import type { SchemaNode } from '../schema/schema-node.js';
import { pathItems } from './operations.js';
import { kindComponent, SchemaEmitter } from './schema-emitter.js';

const refPrefix = '#/components/schemas/';

interface Cached {
  generation: number;
  documents: Map<string, JsonObject>;
}

const caches = new WeakMap<ResourceRegistry, Cached>();

const entryOf = (type: ResourceType): string =>
  type.group ? `apis/${type.group}/${type.version}` : `api/${type.version}`;

/** Names of the documents: `api/v1`, `apis/apps/v1`, … */
export function openApiV3Paths(registry: ResourceRegistry): string[] {
  return [...new Set(registry.all().map(entryOf))];
}

/** OpenAPI v3 document of one group-version; undefined when it is not served. Kept until the resources change. */
export function openApiV3(registry: ResourceRegistry, entry: string): JsonObject | undefined {
  let cache = caches.get(registry);
  if (!cache || cache.generation !== registry.generation) {
    cache = { generation: registry.generation, documents: new Map<string, JsonObject>() };
    caches.set(registry, cache);
  }
  const known = cache.documents.get(entry);
  if (known) return known;
  const types = registry.all().filter((type) => entryOf(type) === entry);
  if (types.length === 0) return undefined;
  const document = build(types);
  cache.documents.set(entry, document);
  return document;
}

function build(types: ResourceType[]): JsonObject {
  const emitter = new SchemaEmitter(refPrefix);
  const paths: Record<string, JsonObject> = {};
  for (const type of types) {
    const gvk = { group: type.group, version: type.version, kind: type.kind };
    const schema: SchemaNode = type.schema() ?? {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
    };
    const name = schema.name ?? kindComponent(type.group, type.version, type.kind);
    emitter.define(name, describeMeta(schema), { 'x-kubernetes-group-version-kind': [gvk] });
    const listName = `${name}List`;
    emitter.components[listName] = {
      type: 'object',
      description: `${type.kind}List is a list of ${type.kind}.`,
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { type: 'object' },
        items: { type: 'array', items: { $ref: refPrefix + name } },
      },
      'x-kubernetes-group-version-kind': [{ ...gvk, kind: type.listKind }],
    };
    Object.assign(paths, pathItems(type, { $ref: refPrefix + name }, { $ref: refPrefix + listName }));
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Tuneyard local control plane', version: 'v1.32.4' },
    paths,
    components: { schemas: emitter.components },
  };
}

const metaDescriptions: Record<string, string> = {
  apiVersion: 'APIVersion defines the versioned schema of this representation of an object.',
  kind: 'Kind is a string value representing the REST resource this object represents.',
};

function describeMeta(schema: SchemaNode): SchemaNode {
  if (!schema.properties || schema.builtin) return schema;
  const properties = { ...schema.properties };
  for (const [key, description] of Object.entries(metaDescriptions)) {
    const property = properties[key];
    if (property && !property.description) properties[key] = { ...property, description };
  }
  return { ...schema, properties };
}
