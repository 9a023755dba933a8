import { at, objectsOf } from '../apiserver/json.js';
import { kubeTime, type KubeObject } from '../apiserver/kube-object.js';
import { type KubeClient, KubeError } from '../kube-client/kube-client.js';
import { recordEvent } from '../kube-client/record-event.js';
import type { Preemption } from './preempt.js';

const pathOf = ({ metadata }: KubeObject): string =>
  `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;

/** Deletes the victims of a preemption and nominates their node to the pod that needs the room. */
export async function evictVictims(
  client: KubeClient,
  pod: KubeObject,
  { node, victims }: Preemption,
): Promise<void> {
  try {
    for (const victim of victims) await evict(client, victim, pod, node);
    await client.mergePatch(`${pathOf(pod)}/status`, { status: { nominatedNodeName: node } });
  } catch (error) {
    // Something changed meanwhile, which wakes the binder again.
    if (!(error instanceof KubeError)) throw error;
  }
}

async function evict(client: KubeClient, victim: KubeObject, pod: KubeObject, node: string): Promise<void> {
  if (victim.metadata.deletionTimestamp !== undefined) return;
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: 'default-scheduler: preempting to accommodate a higher priority pod',
    lastProbeTime: null,
    lastTransitionTime: kubeTime(Date.now()),
  };
  const others = objectsOf(at(victim, 'status', 'conditions')).filter(({ type }) => type !== condition.type);
  await client.mergePatch(`${pathOf(victim)}/status`, { status: { conditions: [...others, condition] } });
  await client.remove(pathOf(victim), { preconditions: { uid: victim.metadata.uid } });
  await recordEvent(
    client,
    { ...victim, apiVersion: 'v1', kind: 'Pod' },
    {
      type: 'Normal',
      reason: 'Preempted',
      message: `Preempted by pod ${pod.metadata.uid} on node ${node}`,
      component: 'default-scheduler',
    },
  );
}
