import { at, objectsOf } from '../apiserver/json.js';
import { kubeTime, type KubeObject } from '../apiserver/kube-object.js';
import { keyOf, type Informer } from '../kube-client/informer.js';
import type { KubeClient } from '../kube-client/kube-client.js';
import { recordEvent } from '../kube-client/record-event.js';
import { secondsToStay } from './tolerations.js';

interface Stay {
  uid: string;
  /** When the pod was first seen on its tainted node, in milliseconds. */
  since: number;
  timer: NodeJS.Timeout;
  seconds: number;
}

/** Longest delay that a timer takes, in seconds. */
const longestTimer = 2_000_000;

/**
 * Deletes pods from nodes with NoExecute taints that they do not tolerate, or no longer, as the taint eviction
 * controller of a real cluster does.
 */
export class TaintEvictor {
  private readonly stays = new Map<string, Stay>();

  constructor(
    private readonly client: KubeClient,
    private readonly nodes: Informer,
    private readonly pods: Informer,
  ) {}

  /** Looks at every pod; call it when nodes or pods have changed. */
  review(): void {
    for (const key of this.stays.keys()) if (!this.pods.objects.has(key)) this.forget(key);
    for (const pod of this.pods.objects.values()) this.reviewPod(pod);
  }

  stop(): void {
    for (const key of this.stays.keys()) this.forget(key);
  }

  private reviewPod(pod: KubeObject): void {
    const key = keyOf(pod);
    const node = this.nodes.objects.get(`/${String(at(pod, 'spec', 'nodeName'))}`);
    const seconds =
      node === undefined || pod.metadata.deletionTimestamp
        ? Number.POSITIVE_INFINITY
        : secondsToStay(objectsOf(at(pod, 'spec', 'tolerations')), objectsOf(at(node, 'spec', 'taints')));
    const known = this.stays.get(key);
    if (known?.uid === pod.metadata.uid && known.seconds === seconds) return;
    this.forget(key);
    if (seconds > longestTimer) return;
    const since = known?.uid === pod.metadata.uid ? known.since : Date.now();
    const timer = setTimeout(() => void this.evict(pod), since + seconds * 1000 - Date.now());
    timer.unref();
    this.stays.set(key, { uid: pod.metadata.uid, since, timer, seconds });
  }

  private forget(key: string): void {
    clearTimeout(this.stays.get(key)?.timer);
    this.stays.delete(key);
  }

  private async evict(pod: KubeObject): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const message = `Marking for deletion Pod ${namespace}/${name}`;
    const about = { ...pod, apiVersion: 'v1', kind: 'Pod' };
    const component = 'taint-eviction-controller';
    await recordEvent(this.client, about, {
      type: 'Normal',
      reason: 'TaintManagerEviction',
      message,
      component,
    });
    try {
      const current = await this.client.get(path);
      if (current.metadata.uid !== uid) return;
      const condition = {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByTaintManager',
        message: 'Taint manager: deleting due to NoExecute taint',
        lastProbeTime: null,
        lastTransitionTime: kubeTime(Date.now()),
      };
      const others = objectsOf(at(current, 'status', 'conditions')).filter(
        ({ type }) => type !== condition.type,
      );
      const { resourceVersion } = current.metadata;
      await this.client.mergePatch(`${path}/status`, {
        metadata: { resourceVersion },
        status: { conditions: [...others, condition] },
      });
      await this.client.remove(path, { preconditions: { uid } });
    } catch {
      // Gone, changed meanwhile, or the server is away: the next review decides anew.
      this.forget(keyOf(pod));
    }
  }
}
