import type { KubeObject } from '../kube-object.js';
import type { ListResult } from '../crud/list-objects.js';
import { toServed } from '../crud/versions.js';
import { apiVersionOf, type ResourceType } from '../resources/resource-type.js';
import { jsonOf } from '../storage/serialized.js';
import { partialMetadata, table, type IncludeObject } from '../table/table.js';
import type { Encoding } from './negotiate.js';

/** Text of one object in the negotiated form. */
export function encodeObject(
  type: ResourceType,
  object: KubeObject,
  encoding: Encoding,
  include: IncludeObject,
  now: number,
): string {
  if (encoding === 'table') {
    return JSON.stringify(
      table(type, [object], { resourceVersion: object.metadata.resourceVersion }, include, now),
    );
  }
  return encoding === 'metadata' ? JSON.stringify(partialMetadata(object)) : jsonOf(object);
}

/** Text of a list in the negotiated form. Objects share their cached JSON. */
export function encodeList(
  type: ResourceType,
  list: ListResult,
  encoding: Encoding,
  include: IncludeObject,
  now: number,
): string {
  const { items, ...rest } = list;
  const metadata = {
    resourceVersion: rest.resourceVersion,
    ...(rest.continue ? { continue: rest.continue } : {}),
    ...(rest.remainingItemCount ? { remainingItemCount: rest.remainingItemCount } : {}),
  };
  const served = items.map((object) => toServed(type, object));
  if (encoding === 'table') return JSON.stringify(table(type, served, metadata, include, now));
  if (encoding === 'metadata') {
    const partial = {
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata,
      items: served.map(partialMetadata),
    };
    return JSON.stringify(partial);
  }
  const head = `{"kind":${JSON.stringify(type.listKind)},"apiVersion":${JSON.stringify(apiVersionOf(type))},"metadata":${JSON.stringify(metadata)},"items":[`;
  return `${head}${served.map(jsonOf).join(',')}]}`;
}
