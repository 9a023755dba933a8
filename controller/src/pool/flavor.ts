import type { NodeObject } from './objects.js';

export const GPU_RESOURCE = 'nvidia.com/gpu';
const MIG_RESOURCE = /^nvidia\.com\/mig-(\d+g\.\d+gb(?:\.[a-z0-9.]+)?)$/;
/** The device plugin renames what several pods share, when its configuration says so. */
const RENAMED_SUFFIX = '.shared';
const MIB = 1024 * 1024;

/** GPUs of one flavor on a node. */
export interface NodeGpus {
  readonly flavor: string;
  /** Extended resource that pods ask for. */
  readonly resource: string;
  readonly allocatable: number;
  /** Memory of one device in bytes, or of a replica's part of it when replicas share it; where the labels tell. */
  readonly memoryBytes?: number | undefined;
}

/**
 * The short name of a GPU from the product label that GPU feature discovery writes: NVIDIA-A100-SXM4-40GB is A100,
 * NVIDIA-H100-80GB-HBM3 is H100, Tesla-T4 is T4, A100-SXM4-40GB-MIG-1g.5gb is A100-mig-1g.5gb. Words that are no
 * product, such as SHARED for time slicing, are left out.
 */
export function flavorOfProduct(product: string): string {
  const [model = '', mig] = product.split('-MIG-');
  const words = model
    .split(/[-\s]+/)
    .filter((word) => word !== '' && !/^(nvidia|tesla|quadro|geforce|graphics|device|shared)$/i.test(word));
  const isSeries = /^rtx$/i.test(words[0] ?? '');
  const name = words.slice(0, isSeries ? 2 : 1).join('-') || 'gpu';
  return mig === undefined ? name : `${name}-mig-${mig.replace(/-SHARED$/i, '')}`;
}

/**
 * The GPUs of a node by flavor; MIG slices are flavors of their own, and so are shared GPUs whose resource is renamed.
 * Of a GPU that is shared by time slicing or MPS, a replica has its part of the memory.
 */
export function gpusOfNode(node: NodeObject): readonly NodeGpus[] {
  let gpus = known.get(node);
  if (gpus === undefined) known.set(node, (gpus = readGpus(node)));
  return gpus;
}

/** A node is looked at with every event of its pods. */
const known = new WeakMap<NodeObject, readonly NodeGpus[]>();

function readGpus(node: NodeObject): readonly NodeGpus[] {
  const labels = node.metadata.labels ?? {};
  const resources = node.status?.allocatable ?? {};
  const whole = flavorOfProduct(labels[`${GPU_RESOURCE}.product`] ?? 'gpu');
  const found: NodeGpus[] = [];
  for (const [resource, quantity] of Object.entries(resources)) {
    const allocatable = parseCount(quantity);
    const isRenamed = resource.endsWith(RENAMED_SUFFIX);
    const device = isRenamed ? resource.slice(0, -RENAMED_SUFFIX.length) : resource;
    const slice = MIG_RESOURCE.exec(device)?.[1];
    if (allocatable === 0 || (device !== GPU_RESOURCE && slice === undefined)) continue;
    const flavor = slice === undefined ? whole : `${whole.replace(/-mig-.*$/, '')}-mig-${slice}`;
    const replicas =
      isRenamed || !(`${device}${RENAMED_SUFFIX}` in resources) ? replicasOf(labels, device, allocatable) : 1;
    const memoryOfDevice = memory(labels[`${device}.memory`]);
    found.push({
      flavor: isRenamed ? `${flavor}-shared` : flavor,
      resource,
      allocatable,
      memoryBytes: memoryOfDevice === undefined ? undefined : Math.floor(memoryOfDevice / replicas),
    });
  }
  return found;
}

/** Pods that share one device: by its label, else, when other labels say that it is shared, by how many there are of it. */
function replicasOf(labels: Readonly<Record<string, string>>, device: string, allocatable: number): number {
  const replicas = parseCount(labels[`${device}.replicas`]);
  if (replicas > 0) return replicas;
  const strategy = labels[`${device}.sharing-strategy`] ?? 'none';
  const isShared = strategy !== 'none' || /-SHARED$/i.test(labels[`${device}.product`] ?? '');
  if (!isShared) return 1;
  return Math.max(2, Math.ceil(allocatable / (parseCount(labels[`${device}.count`]) || allocatable)));
}

/** Extended resources are whole numbers; anything else counts as none. */
export function parseCount(quantity: string | undefined): number {
  const count = Number(quantity);
  return Number.isInteger(count) && count > 0 ? count : 0;
}

const memory = (mebibytes: string | undefined) => {
  const value = Number(mebibytes);
  return Number.isFinite(value) && value > 0 ? value * MIB : undefined;
};
