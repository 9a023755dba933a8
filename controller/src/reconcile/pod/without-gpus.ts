import { VISIBLE_DEVICES } from '../../api/index.js';

interface Equipped {
  readonly env?: readonly { readonly name: string }[];
  readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
}

const HOST_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage']);
const NONE = { name: VISIBLE_DEVICES, value: 'void' };

const hasDevices = ({ resources }: Equipped) =>
  Object.entries(resources?.limits ?? {}).some(
    ([name, amount]) => !HOST_RESOURCES.has(name) && amount !== '0',
  );

/**
 * Tells NVIDIA's runtime that containers which ask for no GPU get none. Images such as those of nvidia/cuda say "all",
 * and the runtime would obey. Where a container has GPUs, their device plugin says which.
 */
export const withoutGpus = <T extends object>(containers: readonly T[]): T[] =>
  containers.map((container) => {
    const equipped: Equipped = container;
    if (hasDevices(equipped)) return container;
    const others = (equipped.env ?? []).filter(({ name }) => name !== VISIBLE_DEVICES);
    return { ...container, env: [...others, NONE] };
  });
