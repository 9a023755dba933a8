import type { KubeObject } from '../apiserver/kube-object.js';
import { kubeTime } from '../apiserver/kube-object.js';
import type { KubeClient } from './kube-client.js';

export interface EventText {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  /** Who says so, e.g. `kubelet`. */
  component: string;
  /** Node that it comes from. */
  host?: string;
}

let counter = 0;

/** Records an event about an object. Events are news, not state: one that cannot be written is dropped. */
export async function recordEvent(client: KubeClient, about: KubeObject, event: EventText): Promise<void> {
  const { name, namespace = 'default', uid, resourceVersion } = about.metadata;
  const now = kubeTime(Date.now());
  counter += 1;
  const suffix = `${Date.now().toString(16)}${counter.toString(16)}`;
  await client
    .create(`/api/v1/namespaces/${namespace}/events`, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${suffix}`, namespace },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name,
        namespace,
        uid,
        resourceVersion,
      },
      type: event.type,
      reason: event.reason,
      message: event.message,
      source: { component: event.component, ...(event.host ? { host: event.host } : {}) },
      reportingComponent: event.component,
      reportingInstance: event.host ?? '',
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    })
    .catch(() => undefined);
}
