import type { NodeGpus } from './flavor.js';
import { gpusOfNode, parseCount } from './flavor.js';
import type { NodeObject, PodObject, Taint } from './objects.js';
import { isTerminated } from './objects.js';

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

/** GPUs that an admitted job holds, whether its pods exist yet or not. */
export interface Holding {
  readonly resource: string;
  readonly gpusPerWorker: number;
  /** Node of each worker. */
  readonly nodes: readonly string[];
}

const CLIQUE_LABEL = 'nvidia.com/gpu.clique';
const RACK_LABELS = ['topology.kubernetes.io/rack', CLIQUE_LABEL, 'topology.tuneyard.dev/rack'];

/**
 * The pool from the objects of the cluster.
 * @param isWorker whether a pod is a worker of one of `holdings`, which would otherwise count twice
 * @param isLeaving whether the GPUs of another pod come free by themselves; by default those of pods being deleted
 */
export function buildPool(
  nodes: readonly NodeObject[],
  pods: readonly PodObject[],
  holdings: readonly Holding[],
  isWorker: (pod: PodObject) => boolean,
  isLeaving: (pod: PodObject) => boolean = isBeingDeleted,
): Pool {
  const used = new Map<string, number>();
  const leaving = new Map<string, number>();
  const take = (node: string, resource: string, count: number, counts = used) => {
    const key = `${node} ${resource}`;
    counts.set(key, (counts.get(key) ?? 0) + count);
  };
  for (const { resource, gpusPerWorker, nodes } of holdings) {
    for (const node of nodes) take(node, resource, gpusPerWorker);
  }
  for (const pod of pods) {
    const node = pod.spec?.nodeName;
    if (node === undefined || node === '' || isTerminated(pod) || isWorker(pod)) continue;
    for (const [resource, count] of gpusOfPod(pod)) {
      take(node, resource, count);
      if (isLeaving(pod)) take(node, resource, count, leaving);
    }
  }
  return {
    nodes: nodes.map(describe).flatMap(({ node, gpus }) => {
      if (gpus.length === 0) return [];
      const { name } = node;
      const withUse = gpus.map((some) => ({
        ...some,
        used: used.get(`${name} ${some.resource}`) ?? 0,
        ...leavingPart(leaving.get(`${name} ${some.resource}`)),
      }));
      return [{ ...node, gpus: withUse }];
    }),
  };
}

interface Description {
  readonly node: Omit<PoolNode, 'gpus'>;
  readonly gpus: ReturnType<typeof gpusOfNode>;
}

/** What node objects say, read once for every version of them: pools are built far more often than nodes change. */
const descriptions = new WeakMap<NodeObject, Description>();

function describe(object: NodeObject): Description {
  const known = descriptions.get(object);
  if (known !== undefined) return known;
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
  const description = { node, gpus: gpusOfNode(object) };
  descriptions.set(object, description);
  return description;
}

const isBeingDeleted = ({ metadata }: PodObject) => metadata.deletionTimestamp !== undefined;

const leavingPart = (leaving: number | undefined) => (leaving === undefined ? {} : { leaving });

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
