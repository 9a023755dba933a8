import type { Pool } from './pool.js';

/** GPUs of each flavor that the nodes have, whether or not something may go there now. */
export function gpusByFlavor({ nodes }: Pool): ReadonlyMap<string, number> {
  const flavors = new Map<string, number>();
  for (const { gpus } of nodes)
    for (const { flavor, allocatable } of gpus) flavors.set(flavor, (flavors.get(flavor) ?? 0) + allocatable);
  return flavors;
}
