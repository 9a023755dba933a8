import type { NodeObject } from './objects.js';

export const GPU_RESOURCE = 'nvidia.com/gpu';
const MIG_RESOURCE = /^nvidia\.com\/mig-(\d+g\.\d+gb(?:\.[a-z0-9.]+)?)$/;
const MIB = 1024 * 1024;

/** GPUs of one flavor on a node. */
export interface NodeGpus {
  readonly flavor: string;
  /** Extended resource that pods ask for. */
  readonly resource: string;
  readonly allocatable: number;
  /** Memory of one device in bytes, where the labels tell. */
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

/** The GPUs of a node by flavor; MIG slices are flavors of their own. */
export function gpusOfNode(node: NodeObject): readonly NodeGpus[] {
  const labels = node.metadata.labels ?? {};
  const whole = flavorOfProduct(labels['nvidia.com/gpu.product'] ?? 'gpu');
  const found: NodeGpus[] = [];
  for (const [resource, quantity] of Object.entries(node.status?.allocatable ?? {})) {
    const allocatable = parseCount(quantity);
    if (allocatable === 0) continue;
    if (resource === GPU_RESOURCE) {
      found.push({
        flavor: whole,
        resource,
        allocatable,
        memoryBytes: memory(labels['nvidia.com/gpu.memory']),
      });
      continue;
    }
    const slice = MIG_RESOURCE.exec(resource)?.[1];
    if (slice !== undefined) {
      const memoryBytes = memory(labels[`nvidia.com/mig-${slice}.memory`]);
      found.push({
        flavor: `${whole.replace(/-mig-.*$/, '')}-mig-${slice}`,
        resource,
        allocatable,
        memoryBytes,
      });
    }
  }
  return found;
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
