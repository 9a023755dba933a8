import { toServed } from '../crud/versions.js';
import { encodeObject } from '../http/encode.js';
import type { Encoding } from '../http/negotiate.js';
import type { KubeObject } from '../kube-object.js';
import { apiVersionOf, type ResourceType } from '../resources/resource-type.js';
import type { StoreEvent } from '../storage/event-log.js';
import type { IncludeObject } from '../table/table.js';

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface LineForm {
  type: ResourceType;
  encoding: Encoding;
  include: IncludeObject;
  now: () => number;
}

const cache = new WeakMap<StoreEvent, Map<string, Buffer>>();

/** One line of a watch stream. Watchers that want the same form of the same event share the bytes. */
export function eventLine(
  form: LineForm,
  event: StoreEvent,
  eventType: WatchEventType,
  object: KubeObject,
): Buffer {
  if (form.encoding !== 'json') return objectLine(form, eventType, object);
  const key = `${apiVersionOf(form.type)} ${eventType}`;
  let lines = cache.get(event);
  if (!lines) cache.set(event, (lines = new Map<string, Buffer>()));
  let line = lines.get(key);
  if (!line) lines.set(key, (line = objectLine(form, eventType, object)));
  return line;
}

export function objectLine(form: LineForm, eventType: WatchEventType, object: KubeObject): Buffer {
  const text = encodeObject(form.type, toServed(form.type, object), form.encoding, form.include, form.now());
  return Buffer.from(`{"type":"${eventType}","object":${text}}\n`, 'utf8');
}

export function bookmarkLine(form: LineForm, revision: number, annotations?: Record<string, string>): Buffer {
  const metadata = {
    resourceVersion: String(revision),
    creationTimestamp: null,
    ...(annotations ? { annotations } : {}),
  };
  const object =
    form.encoding === 'table'
      ? {
          kind: 'Table',
          apiVersion: 'meta.k8s.io/v1',
          metadata: { resourceVersion: String(revision) },
          columnDefinitions: null,
          rows: [
            { cells: [], object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata } },
          ],
        }
      : { kind: form.type.kind, apiVersion: apiVersionOf(form.type), metadata };
  return Buffer.from(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`, 'utf8');
}

export function errorLine(status: unknown): Buffer {
  return Buffer.from(`${JSON.stringify({ type: 'ERROR', object: status })}\n`, 'utf8');
}
