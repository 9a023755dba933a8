import { at, objectOr, objectsOf, type JsonObject } from '../apiserver/json.js';
import { kubeTime, type KubeObject } from '../apiserver/kube-object.js';
import type { Informer } from '../kube-client/informer.js';
import type { KubeClient } from '../kube-client/kube-client.js';

export interface NodeMonitorOptions {
  /** A node whose lease is older than this is unreachable, in milliseconds; default 40,000 as in Kubernetes. */
  graceMilliseconds?: number;
  /** Between looks, in milliseconds; default 5,000. */
  periodMilliseconds?: number;
}

const notReady = 'node.kubernetes.io/not-ready';
const unreachable = 'node.kubernetes.io/unreachable';

/** The taints that a node must have by its Ready condition; others are left alone. */
export function wantedTaints(ready: string | undefined, present: readonly JsonObject[]): JsonObject[] {
  const others = present.filter((taint) => taint['key'] !== notReady && taint['key'] !== unreachable);
  const key = ready === 'True' ? undefined : ready === 'Unknown' ? unreachable : notReady;
  return key === undefined
    ? others
    : [...others, { key, effect: 'NoSchedule' }, { key, effect: 'NoExecute' }];
}

function readyOf(node: KubeObject): string | undefined {
  const condition = objectsOf(at(node, 'status', 'conditions')).find((entry) => entry['type'] === 'Ready');
  return typeof condition?.['status'] === 'string' ? condition['status'] : undefined;
}

/**
 * What the node controller of a real cluster does for nodes that fall silent: their conditions become Unknown, and
 * nodes that are not ready carry the taints that keep pods away. A node that comes back loses them.
 */
export class NodeMonitor {
  private timer: NodeJS.Timeout | undefined;
  /** When a lease was last seen to change, by this machine's clock. */
  private readonly seen = new Map<string, { renewed: unknown; at: number }>();
  private busy = false;

  constructor(
    private readonly client: KubeClient,
    private readonly nodes: Informer,
    private readonly leases: Informer,
    private readonly options: NodeMonitorOptions = {},
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.look(), this.options.periodMilliseconds ?? 5000);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  async look(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      // A write that fails (the node has gone, the server is away) is tried again with the next look.
      for (const node of this.nodes.objects.values()) await this.review(node).catch(() => undefined);
    } finally {
      this.busy = false;
    }
  }

  private async review(node: KubeObject): Promise<void> {
    const { name } = node.metadata;
    const path = `/api/v1/nodes/${name}`;
    if (this.isSilent(name) && readyOf(node) !== 'Unknown') {
      const lastTransitionTime = kubeTime(Date.now());
      const conditions = objectsOf(at(node, 'status', 'conditions')).map((condition) => ({
        ...condition,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime,
      }));
      await this.client.mergePatch(`${path}/status`, { status: { conditions } });
    }
    const ready = this.isSilent(name) ? 'Unknown' : readyOf(node);
    const present = objectsOf(at(node, 'spec', 'taints'));
    const wanted = wantedTaints(ready, present);
    // Nodes without any condition were made by hand; they are nobody's to judge.
    if (ready === undefined || JSON.stringify(wanted) === JSON.stringify(present)) return;
    await this.client.mergePatch(path, { spec: { taints: wanted.length > 0 ? wanted : null } });
  }

  private isSilent(name: string): boolean {
    const lease = this.leases.objects.get(`kube-node-lease/${name}`);
    if (!lease) return false;
    const renewed = objectOr(lease['spec'])['renewTime'];
    const known = this.seen.get(name);
    if (!known || known.renewed !== renewed) {
      this.seen.set(name, { renewed, at: Date.now() });
      return false;
    }
    return Date.now() - known.at > (this.options.graceMilliseconds ?? 40_000);
  }
}
