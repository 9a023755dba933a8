import type { JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';

/** Field of the core form to its name in events.k8s.io/v1. */
const renamed: [core: string, modern: string][] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

function rename(object: KubeObject, apiVersion: string, pairs: [string, string][]): KubeObject {
  const names = new Map(pairs);
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(object)) result[names.get(key) ?? key] = value;
  return { ...result, apiVersion, kind: 'Event', metadata: object.metadata };
}

/** Core event (as stored) to its events.k8s.io/v1 form. */
export function eventToServed(object: KubeObject): KubeObject {
  return rename(object, 'events.k8s.io/v1', renamed);
}

/** events.k8s.io/v1 event to the core form. */
export function eventToStored(object: KubeObject): KubeObject {
  return rename(
    object,
    'v1',
    renamed.map(([core, modern]) => [modern, core]),
  );
}
