import { arch, cpus, release, totalmem } from 'node:os';
import { objectsOf, objectOr, type JsonObject } from '../apiserver/json.js';
import { kubeTime, type KubeObject } from '../apiserver/kube-object.js';
import { KubeError, type KubeClient } from '../kube-client/kube-client.js';
import type { NodeDefinition } from './node-definition.js';

export interface KubeletEndpoint {
  /** Address that the API server can reach. */
  address: string;
  port: number;
}

/** Seconds between lease renewals, and that a lease is good for. */
const leaseSeconds = { renew: 10, duration: 40 };

export const readyAnnotation = 'tuneyard.dev/ready';

const nodePath = (name: string): string => `/api/v1/nodes/${name}`;
const leasePath = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const microTime = (): string => new Date().toISOString().replace(/Z$/, '000Z');

/** Registers a node, and keeps its lease and its conditions fresh until it is stopped. */
export class NodeHeartbeat {
  private timer: NodeJS.Timeout | undefined;
  private ready = true;
  private wishedReady = true;
  private lastTransition = kubeTime(Date.now());
  /** Local conditions and capacity win over what the API object says. */
  private capacity: Record<string, string>;

  constructor(
    private readonly client: KubeClient,
    private readonly definition: NodeDefinition,
    private readonly endpoint: KubeletEndpoint,
  ) {
    this.capacity = { pods: '110', ...hostDefaults(), ...definition.capacity };
  }

  async start(): Promise<void> {
    await this.register();
    await this.renewLease();
    this.timer = setInterval(() => void this.beat(), leaseSeconds.renew * 1000);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Reports the node as ready or not; it goes on sending heartbeats. */
  async setReady(ready: boolean, message = 'made not ready on demand'): Promise<void> {
    if (this.ready !== ready) this.lastTransition = kubeTime(Date.now());
    this.ready = ready;
    await this.reportStatus(message);
  }

  /** Follows the annotation `tuneyard.dev/ready: "false"`, by which anybody can take the node down and up again. */
  obey(node: KubeObject): void {
    const ready = node.metadata.annotations?.[readyAnnotation] !== 'false';
    if (ready === this.wishedReady) return;
    this.wishedReady = ready;
    // A status that cannot be written now goes out with the next heartbeat.
    void this.setReady(ready, `by annotation ${readyAnnotation}`).catch(() => undefined);
  }

  /** The node leaves: it is reported as not ready. */
  async leave(): Promise<void> {
    this.stop();
    await this.setReady(false, 'the node agent has stopped').catch(() => undefined);
  }

  private async beat(): Promise<void> {
    try {
      await this.renewLease();
      await this.reportStatus();
    } catch (error) {
      // The node object may have been deleted; a kubelet registers again too. Other trouble passes or shows as NotReady.
      if (error instanceof KubeError && error.code === 404) await this.register().catch(() => undefined);
    }
  }

  private async register(): Promise<void> {
    const { definition } = this;
    const node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: definition.name,
        labels: {
          'kubernetes.io/hostname': definition.name,
          'kubernetes.io/os': 'linux',
          'kubernetes.io/arch': arch() === 'x64' ? 'amd64' : arch(),
          ...definition.labels,
        },
        annotations: { ...definition.annotations, 'tuneyard.dev/simulated': 'true' },
      },
      spec: {
        ...(definition.taints?.length ? { taints: definition.taints } : {}),
        ...(definition.unschedulable ? { unschedulable: true } : {}),
      },
      status: this.status(),
    };
    try {
      await this.client.create('/api/v1/nodes', node);
    } catch (error) {
      if (!(error instanceof KubeError && error.code === 409)) throw error;
      // Registered before: labels and taints are brought up to date, what others have added stays.
      const { labels, annotations } = node.metadata;
      await this.client.mergePatch(nodePath(definition.name), { metadata: { labels, annotations } });
      await this.reportStatus();
    }
  }

  private status(message = 'kubelet is posting ready status'): JsonObject {
    const condition = (type: string, status: string, reason: string, text: string): JsonObject => ({
      type,
      status,
      reason,
      message: text,
      lastHeartbeatTime: kubeTime(Date.now()),
      lastTransitionTime: this.lastTransition,
    });
    return {
      capacity: this.capacity,
      allocatable: { ...this.capacity, ...this.definition.allocatable },
      conditions: [
        condition(
          'MemoryPressure',
          'False',
          'KubeletHasSufficientMemory',
          'kubelet has sufficient memory available',
        ),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        this.ready
          ? condition('Ready', 'True', 'KubeletReady', message)
          : condition('Ready', 'False', 'KubeletNotReady', message),
      ],
      addresses: [
        { type: 'InternalIP', address: this.endpoint.address },
        { type: 'Hostname', address: this.definition.name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: this.endpoint.port } },
      nodeInfo: {
        machineID: '',
        systemUUID: '',
        bootID: '',
        kernelVersion: release(),
        osImage: 'Tuneyard simulated node',
        containerRuntimeVersion: 'process://1',
        kubeletVersion: 'v1.32.4+tuneyard',
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: arch() === 'x64' ? 'amd64' : arch(),
      },
    };
  }

  private async reportStatus(message?: string): Promise<void> {
    const status = this.ready ? this.status() : this.status(message);
    const live = await this.client.get(nodePath(this.definition.name));
    // Conditions of other writers (for example a GPU health checker) are kept.
    const own = new Set(objectsOf(status['conditions']).map((condition) => condition['type']));
    const foreign = objectsOf(objectOr(live['status'])['conditions']).filter(
      (condition) => !own.has(condition['type']),
    );
    status['conditions'] = [...foreign, ...objectsOf(status['conditions'])];
    await this.client.mergePatch(`${nodePath(this.definition.name)}/status`, { status });
  }

  private async renewLease(): Promise<void> {
    const { name } = this.definition;
    const spec = {
      holderIdentity: name,
      leaseDurationSeconds: leaseSeconds.duration,
      renewTime: microTime(),
    };
    try {
      await this.client.mergePatch(`${leasePath}/${name}`, { spec });
    } catch (error) {
      if (!(error instanceof KubeError && error.code === 404)) throw error;
      // As a kubelet's, it goes with its node.
      const { uid } = (await this.client.get(nodePath(name))).metadata;
      await this.client.create(leasePath, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] },
        spec,
      });
    }
  }
}

function hostDefaults(): Record<string, string> {
  return { cpu: String(cpus().length), memory: `${Math.floor(totalmem() / 1024)}Ki` };
}
