import type { NodeGpus } from './flavor.js';
import { gpusOfNode, parseCount } from './flavor.js';
import type { NodeObject, PodObject, Taint } from './objects.js';

/** Smallest first. nvlink is the set of nodes whose GPUs share one NVLink fabric; a single node without such a set. */
export type TopologyLevel = 'node' | 'nvlink' | 'rack' | 'zone';

export interface PoolGpus extends NodeGpus {
  /** Taken by pods that are no worker of an admitted job, and by the placements of admitted jobs. */
  readonly used: number;
  /** Of these, GPUs of pods that are being deleted and so come free by themselves. Absent: 0. */
  readonly leaving?: number | undefined;
}

export interface PoolNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly gpus: readonly PoolGpus[];
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
  readonly node: Omit<PoolNode, 'gpus'>;
  readonly gpus: ReturnType<typeof gpusOfNode>;
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
  return { node, gpus: gpusOfNode(object) };
}

/** GPUs that a pod asks for: the sum over its containers, or the most that one init container needs. */
export function gpusOfPod(pod: PodObject): ReadonlyMap<string, number> {
  let gpus = requested.get(pod);
  if (gpus === undefined) requested.set(pod, (gpus = sumRequests(pod)));
  return gpus;
}

const requested = new WeakMap<PodObject, ReadonlyMap<string, number>>();

function sumRequests(pod: PodObject): ReadonlyMap<string, number> {
  const sum = new Map<string, number>();
  for (const container of pod.spec?.containers ?? []) {
    for (const [resource, count] of gpuRequests(container))
      sum.set(resource, (sum.get(resource) ?? 0) + count);
  }
  for (const container of pod.spec?.initContainers ?? []) {
    for (const [resource, count] of gpuRequests(container))
      sum.set(resource, Math.max(sum.get(resource) ?? 0, count));
  }
  return sum;
}

type Container = NonNullable<PodObject['spec']>['containers'][number];

const gpuRequests = ({ resources }: Container) =>
  Object.entries({ ...resources?.requests, ...resources?.limits })
    .filter(([resource]) => resource.startsWith('nvidia.com/'))
    .map(([resource, quantity]) => [resource, parseCount(quantity)] as const);

/** Why nothing new may go to a node; undefined when it may. */
export function unavailability(node: NodeObject): PoolNode['unavailable'] {
  if (node.metadata.deletionTimestamp !== undefined) return 'being deleted';
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready !== undefined && ready.status !== 'True') return 'not ready';
  return node.spec?.unschedulable === true ? 'cordoned' : undefined;
}
