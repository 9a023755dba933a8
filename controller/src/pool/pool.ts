import type { NodeGpus } from './flavor.js';
import { gpusOfNode } from './flavor.js';
import type { NodeObject, PodObject, Taint } from './objects.js';
import type { Requests } from './requests.js';
import { amountOf, requestsOfPod } from './requests.js';

/** Smallest first. nvlink is the set of nodes whose GPUs share one NVLink fabric; a single node without such a set. */
export type TopologyLevel = 'node' | 'nvlink' | 'rack' | 'zone';

export interface PoolGpus extends NodeGpus {
  /** Taken by pods that are no worker of an admitted job, and by the placements of admitted jobs. */
  readonly used: number;
  /** Of these, GPUs of pods that are being deleted and so come free by themselves. Absent: 0. */
  readonly leaving?: number | undefined;
}

/** What a node has of a resource that is no GPU, in the units of {@link Requests}. */
export interface NodeResource {
  readonly allocatable: number;
  readonly used: number;
  /** Of `used`, what comes free by itself. Absent: 0. */
  readonly leaving?: number | undefined;
}

export interface PoolNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly gpus: readonly PoolGpus[];
  /** Processors, memory, pods and whatever else the node has besides GPUs. Absent: not known, there is enough. */
  readonly resources?: Readonly<Record<string, NodeResource>> | undefined;
  /** Why nothing new may go there; undefined when it may. */
  readonly unavailable: 'cordoned' | 'not ready' | 'being deleted' | undefined;
  readonly domains: Readonly<Record<TopologyLevel, string>>;
}

/** What the cluster has and what of it is taken. */
export interface Pool {
  readonly nodes: readonly PoolNode[];
}

const CLIQUE_LABEL = 'nvidia.com/gpu.clique';
const RACK_LABELS = ['topology.kubernetes.io/rack', CLIQUE_LABEL, 'topology.tuneyard.dev/rack'];

/** What a node object says of its GPUs and its place; what is taken of them stands elsewhere. */
export interface NodeDescription {
  readonly node: Omit<PoolNode, 'gpus' | 'resources'>;
  readonly gpus: ReturnType<typeof gpusOfNode>;
  /** What it has besides these. */
  readonly allocatable: Requests;
}

export function describeNode(object: NodeObject): NodeDescription {
  const { name, labels = {} } = object.metadata;
  const zone = labels['topology.kubernetes.io/zone'] ?? '';
  const rack = RACK_LABELS.map((label) => labels[label]).find((value) => value !== undefined) ?? '';
  const node = {
    name,
    labels,
    taints: object.spec?.taints ?? [],
    unavailable: unavailability(object),
    domains: { node: name, nvlink: labels[CLIQUE_LABEL] ?? name, rack: `${zone}/${rack}`, zone },
  };
  const gpus = gpusOfNode(object);
  const allocatable: Record<string, number> = {};
  for (const [resource, quantity] of Object.entries(object.status?.allocatable ?? {}))
    if (!gpus.some((some) => some.resource === resource))
      allocatable[resource] = amountOf(resource, quantity);
  return { node, gpus, allocatable };
}

/** GPUs that a pod asks for, by resource. */
export function gpusOfPod(pod: PodObject): ReadonlyMap<string, number> {
  return new Map(Object.entries(requestsOfPod(pod)).filter(([resource]) => isGpu(resource)));
}

export const isGpu = (resource: string) => resource.startsWith('nvidia.com/');

/** Why nothing new may go to a node; undefined when it may. */
export function unavailability(node: NodeObject): PoolNode['unavailable'] {
  if (node.metadata.deletionTimestamp !== undefined) return 'being deleted';
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready !== undefined && ready.status !== 'True') return 'not ready';
  return node.spec?.unschedulable === true ? 'cordoned' : undefined;
}
