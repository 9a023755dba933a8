import { describeAmount } from './amount.js';
import type { CycleState } from './cycle-state.js';
import type { NodeRoom } from './node-room.js';
import type { PlaceRequest } from './place.js';
import { gpusOnly } from './slot.js';
import type { Slot } from './slot.js';
import type { PendingJob } from './snapshot.js';

/** So many nodes are named. */
const NAMED = 3;

/**
 * What else than GPUs the nodes with free GPUs lack for so many workers, in the words of the scheduler of Kubernetes;
 * undefined when it is not that which keeps them away.
 */
export function shortageOf(state: CycleState, request: PlaceRequest, workers: number): string | undefined {
  const { requests, flavor, gpusPerWorker } = request;
  const slots = state.free.flavor(flavor);
  if (requests === undefined || slots === undefined) return undefined;
  if (state.free.mostWorkers(request, workers) >= workers) return undefined;
  if (state.free.mostWorkers({ ...request, requests: undefined }, workers) < workers) return undefined;
  const { now } = slots.suitable(request);
  const usable = slots.slots.filter((slot) => slot.free >= gpusPerWorker && now?.has(slot) !== false);
  return insufficient(usable, requests, {
    workersOf: ({ free }) => gpusOnly(free, gpusPerWorker),
    has: (room, resource) => room.free(resource),
    word: 'free',
  });
}

/** Why no node could ever hold a worker, or not enough of them, though there are GPUs. */
export function neverEnough(state: CycleState, job: PendingJob, flavor: string): string {
  const { requests = {}, gpusPerWorker } = job;
  const slots = state.free.flavor(flavor)?.suitable(job).ever ?? [];
  const why = insufficient(slots, requests, {
    workersOf: ({ allocatable }) => gpusOnly(allocatable, gpusPerWorker),
    has: (room, resource) => room.allocatable(resource),
    word: 'in all',
  });
  return `${why}: lower what its pods request`;
}

interface Reading {
  /** Workers that the slot has GPUs for. */
  readonly workersOf: (slot: Slot) => number;
  readonly has: (room: NodeRoom, resource: string) => number;
  readonly word: string;
}

/** Such as: Insufficient cpu on gpu-0 and gpu-1 (a worker requests 4 cpu, gpu-0 has 0.5 cpu free). */
function insufficient(
  slots: readonly Slot[],
  requests: NonNullable<PendingJob['requests']>,
  { workersOf, has, word }: Reading,
): string {
  /** By resource, the nodes that lack it. */
  const lacking = new Map<string, { readonly room: NodeRoom; readonly node: string }[]>();
  for (const slot of slots) {
    const { room, node } = slot;
    if (room === undefined) continue;
    for (const [resource, amount] of Object.entries(requests)) {
      if (Math.floor(has(room, resource) / amount) >= workersOf(slot)) continue;
      const nodes = lacking.get(resource) ?? [];
      lacking.set(resource, nodes);
      nodes.push({ room, node: node.name });
    }
  }
  return [...lacking]
    .map(([resource, nodes]) => {
      const [first] = nodes;
      const left = first === undefined ? 0 : Math.max(0, has(first.room, resource));
      const request = describeAmount(resource, requests[resource] ?? 0);
      return `Insufficient ${resource} on ${listed(nodes.map(({ node }) => node))} (a worker requests ${request}, ${first?.node} has ${describeAmount(resource, left)} ${word})`;
    })
    .join(', ');
}

function listed(names: readonly string[]): string {
  if (names.length > NAMED)
    return `${names.slice(0, NAMED - 1).join(', ')} and ${names.length - NAMED + 1} others`;
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
