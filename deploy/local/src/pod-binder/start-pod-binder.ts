import { at, cloneJson, objectOr, objectsOf } from '../apiserver/json.js';
import { kubeTime, type KubeObject } from '../apiserver/kube-object.js';
import { Informer, keyOf } from '../kube-client/informer.js';
import { KubeClient, KubeError } from '../kube-client/kube-client.js';
import { recordEvent } from '../kube-client/record-event.js';
import { chooseNode } from './choose-node.js';
import { evictVictims } from './evict-victims.js';
import { NodeMonitor, type NodeMonitorOptions } from './node-monitor.js';
import { awaitsVictims, findPreemption, preemptionMessage, priorityOf, withNominated } from './preempt.js';
import { TaintEvictor } from './taint-evictor.js';

export interface PodBinderOptions {
  /** Path of a kubeconfig file. */
  kubeconfig: string;
  /** Nodes that fall silent; see NodeMonitor. */
  nodeMonitor?: NodeMonitorOptions;
  /** Binds pods whose spec.schedulerName is this; default `default-scheduler`. */
  schedulerName?: string;
}

export interface PodBinder {
  close(): Promise<void>;
}

/**
 * Binds pending pods to nodes, for clusters without kube-scheduler. Pods that fit nowhere get the condition
 * PodScheduled=False, preempt pods of lower priority if that helps, and are tried again whenever nodes or pods change. Nodes that fall silent are marked, and NoExecute taints evict.
 */
export async function startPodBinder(options: PodBinderOptions): Promise<PodBinder> {
  const client = await KubeClient.fromKubeconfig(options.kubeconfig, 'tuneyard-pod-binder');
  const schedulerName = options.schedulerName ?? 'default-scheduler';
  let wake: () => void = () => undefined;
  let dirty = false;
  const closing = new AbortController();
  const touch = (): void => {
    dirty = true;
    wake();
  };
  const nodes = new Informer(client, '/api/v1/nodes', '', { changed: touch, gone: touch });
  const pods = new Informer(client, '/api/v1/pods', '', { changed: touch, gone: touch });
  /** Bindings that the server took and the pod cache does not show yet. */
  const assumed = new Map<string, KubeObject>();

  const round = async (): Promise<void> => {
    for (const [key, pod] of assumed) {
      const seen = pods.objects.get(key);
      if (!seen || seen.metadata.uid !== pod.metadata.uid || at(seen, 'spec', 'nodeName'))
        assumed.delete(key);
    }
    const known = [...pods.objects.values()].map((pod) => assumed.get(keyOf(pod)) ?? pod);
    const waiting = known.filter((pod) => isWaiting(pod, schedulerName)).sort(byPriorityThenAge);
    for (const pod of waiting) {
      if (closing.signal.aborted) return;
      const present = [...nodes.objects.values()];
      const choice = chooseNode(pod, present, withNominated(pod, known));
      if (choice.node === undefined) {
        const isWaitingForRoom = awaitsVictims(pod, known);
        const preemption = isWaitingForRoom ? undefined : findPreemption(pod, present, known);
        const isHelpless = preemption === undefined && !isWaitingForRoom && present.length > 0;
        const more = isHelpless ? preemptionMessage(pod, present) : '';
        await markUnschedulable(client, pod, choice.message + more);
        if (preemption !== undefined) await evictVictims(client, pod, preemption);
        continue;
      }
      if (!(await bind(client, pod, choice.node))) continue;
      const place = `${pod.metadata.namespace}/${pod.metadata.name}`;
      await recordEvent(client, withKind(pod), {
        type: 'Normal',
        reason: 'Scheduled',
        message: `Successfully assigned ${place} to ${choice.node}`,
        component: schedulerName,
      });
      const bound = cloneJson(pod);
      bound['spec'] = { ...objectOr(bound['spec']), nodeName: choice.node };
      assumed.set(keyOf(pod), bound);
      known[known.indexOf(pod)] = bound;
    }
  };

  const loop = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      if (!dirty) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      dirty = false;
      evictor.review();
      await round();
    }
  };

  const leases = new Informer(
    client,
    '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases',
    '',
    {},
  );
  const monitor = new NodeMonitor(client, nodes, leases, options.nodeMonitor);
  await Promise.all([nodes.start(), pods.start(), leases.start()]);
  const evictor = new TaintEvictor(client, nodes, pods);
  monitor.start();
  const running = loop();
  return {
    close: async () => {
      closing.abort();
      wake();
      monitor.stop();
      evictor.stop();
      await Promise.all([nodes.stop(), pods.stop(), leases.stop(), running]);
      client.close();
    },
  };
}

function isWaiting(pod: KubeObject, schedulerName: string): boolean {
  return (
    !at(pod, 'spec', 'nodeName') &&
    !pod.metadata.deletionTimestamp &&
    at(pod, 'spec', 'schedulerName') === schedulerName &&
    objectsOf(at(pod, 'spec', 'schedulingGates')).length === 0
  );
}

function byPriorityThenAge(a: KubeObject, b: KubeObject): number {
  if (priorityOf(a) !== priorityOf(b)) return priorityOf(b) - priorityOf(a);
  const [left, right] = [Date.parse(a.metadata.creationTimestamp), Date.parse(b.metadata.creationTimestamp)];
  return left - right || Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion);
}

/** Items of a list come without apiVersion and kind from a real API server. */
const withKind = (pod: KubeObject): KubeObject => ({ ...pod, apiVersion: 'v1', kind: 'Pod' });

const podPath = (pod: KubeObject): string =>
  `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;

/** Returns whether the server took the binding. What it refuses (gone, bound by another) shows up in the next event. */
async function bind(client: KubeClient, pod: KubeObject, node: string): Promise<boolean> {
  try {
    await client.create(`${podPath(pod)}/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    });
    return true;
  } catch {
    return false;
  }
}

async function markUnschedulable(client: KubeClient, pod: KubeObject, message: string): Promise<void> {
  const conditions = objectsOf(at(pod, 'status', 'conditions'));
  const known = conditions.find((condition) => condition['type'] === 'PodScheduled');
  if (known?.['status'] === 'False' && known['message'] === message) return;
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    lastProbeTime: null,
    lastTransitionTime: known?.['status'] === 'False' ? known['lastTransitionTime'] : kubeTime(Date.now()),
  };
  const others = conditions.filter((other) => other['type'] !== 'PodScheduled');
  const status = { conditions: [...others, condition] };
  const patch = { metadata: { resourceVersion: pod.metadata.resourceVersion }, status };
  await client.mergePatch(`${podPath(pod)}/status`, patch).catch((error: unknown) => {
    // A conflict means that the pod has changed, which brings it here again.
    if (!(error instanceof KubeError)) throw error;
  });
}
