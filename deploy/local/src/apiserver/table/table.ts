import { type JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import type { ResourceType } from '../resources/resource-type.js';

export type IncludeObject = 'Metadata' | 'Object' | 'None';

/** Headers of a resource's table form. */
export function columnDefinitions(type: ResourceType): JsonObject[] {
  return type.columns.map(({ name, type: cellType, format, description, priority }) => ({
    name,
    type: cellType,
    format: format ?? '',
    description: description ?? '',
    priority,
  }));
}

export function tableRow(
  type: ResourceType,
  object: KubeObject,
  include: IncludeObject,
  now: number,
): JsonObject {
  const cells = type.columns.map((column) => column.cell(object, now));
  if (include === 'None') return { cells };
  return { cells, object: include === 'Object' ? object : partialMetadata(object) };
}

/** The metadata-only form of an object. */
export function partialMetadata(object: KubeObject): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

export function table(
  type: ResourceType,
  objects: readonly KubeObject[],
  metadata: JsonObject,
  include: IncludeObject,
  now: number,
): JsonObject {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columnDefinitions(type),
    rows: objects.map((object) => tableRow(type, object, include, now)),
  };
}
