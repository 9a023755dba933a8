import type { NodeNeeds, Pool, TopologyLevel } from '../pool/index.js';
import { isKeptAway, suits } from '../pool/index.js';

interface Slot {
  readonly node: string;
  readonly resource: string;
  readonly domains: Readonly<Record<TopologyLevel, string>>;
  readonly allocatable: number;
  free: number;
}

export interface PlaceRequest {
  readonly flavor: string;
  readonly workers: number;
  readonly gpusPerWorker: number;
  readonly needs: NodeNeeds;
  readonly topology?: { readonly level: TopologyLevel; readonly mode: 'required' | 'preferred' } | undefined;
}

export interface Placed {
  readonly resource: string;
  readonly nodes: readonly string[];
}

/** What a flavor has for the pods of a job, in GPUs. */
export interface CapacityView {
  /** On all nodes that suit the job, also on those that are not available now. */
  readonly total: number;
  /** Free on nodes that are available now. */
  readonly free: number;
  /** Workers that would fit were everything free and every node available. */
  readonly mostWorkersEver: number;
}

/**
 * The free GPUs of a snapshot's pool, from which a cycle takes. Best fit: a gang goes to the node (or domain) that it
 * fills best, so that whole nodes stay whole; one that fits nowhere as a whole takes the emptiest nodes, so few nodes.
 */
export class FreeGpus {
  readonly #byFlavor = new Map<string, { readonly slot: Slot; readonly index: number }[]>();

  constructor(private readonly pool: Pool) {
    pool.nodes.forEach((node, index) => {
      for (const { flavor, resource, allocatable, used } of node.gpus) {
        const free = node.unavailable === undefined ? Math.max(0, allocatable - used) : 0;
        const entry = {
          slot: { node: node.name, resource, domains: node.domains, allocatable, free },
          index,
        };
        const list = this.#byFlavor.get(flavor);
        if (list === undefined) this.#byFlavor.set(flavor, [entry]);
        else list.push(entry);
      }
    });
  }

  view(flavor: string, gpusPerWorker: number, needs: NodeNeeds): CapacityView {
    let total = 0;
    let free = 0;
    let mostWorkersEver = 0;
    for (const { slot, index } of this.#byFlavor.get(flavor) ?? []) {
      const node = this.pool.nodes[index];
      if (node === undefined || !suits(node, needs)) continue;
      total += slot.allocatable;
      mostWorkersEver += Math.floor(slot.allocatable / gpusPerWorker);
      if (!isKeptAway(node, needs)) free += slot.free;
    }
    return { total, free, mostWorkersEver };
  }

  /** Most workers, up to `limit`, that {@link place} could place. */
  mostWorkers(request: Omit<PlaceRequest, 'workers'>, limit: number): number {
    const slots = this.#candidates(request);
    const count = (some: readonly Slot[]) =>
      some.reduce((sum, slot) => sum + Math.floor(slot.free / request.gpusPerWorker), 0);
    if (request.topology?.mode === 'required') {
      const best = Math.max(0, ...[...byDomain(slots, request.topology.level).values()].map(count));
      return Math.min(limit, best);
    }
    return Math.min(limit, count(slots));
  }

  /** Nodes for all workers, or undefined; takes nothing. */
  place(request: PlaceRequest): Placed | undefined {
    const slots = this.#candidates(request);
    const { topology } = request;
    if (topology !== undefined && topology.level !== 'node') {
      const domain = bestDomain(byDomain(slots, topology.level), request);
      if (domain !== undefined) return fill(domain, request);
      return topology.mode === 'required' ? undefined : fill(slots, request);
    }
    if (topology?.mode === 'required') {
      const whole = slots.filter((slot) => Math.floor(slot.free / request.gpusPerWorker) >= request.workers);
      return fill(whole, request);
    }
    return fill(slots, request);
  }

  /** Takes what {@link place} found. */
  take(flavor: string, gpusPerWorker: number, nodes: readonly string[]): void {
    const counts = new Map<string, number>();
    for (const node of nodes) counts.set(node, (counts.get(node) ?? 0) + gpusPerWorker);
    for (const { slot } of this.#byFlavor.get(flavor) ?? []) slot.free -= counts.get(slot.node) ?? 0;
  }

  #candidates({ flavor, gpusPerWorker, needs }: Omit<PlaceRequest, 'workers'>): Slot[] {
    const found: Slot[] = [];
    for (const { slot, index } of this.#byFlavor.get(flavor) ?? []) {
      if (slot.free < gpusPerWorker) continue;
      const node = this.pool.nodes[index];
      if (node !== undefined && suits(node, needs) && !isKeptAway(node, needs)) found.push(slot);
    }
    return found;
  }
}

function byDomain(slots: readonly Slot[], level: TopologyLevel): Map<string, Slot[]> {
  const domains = new Map<string, Slot[]>();
  for (const slot of slots) {
    const name = slot.domains[level];
    const list = domains.get(name);
    if (list === undefined) domains.set(name, [slot]);
    else list.push(slot);
  }
  return domains;
}

/** The domain that the gang fills best. */
function bestDomain(
  domains: ReadonlyMap<string, Slot[]>,
  { workers, gpusPerWorker }: PlaceRequest,
): Slot[] | undefined {
  let best: { readonly slots: Slot[]; readonly room: number } | undefined;
  for (const slots of domains.values()) {
    const room = slots.reduce((sum, slot) => sum + Math.floor(slot.free / gpusPerWorker), 0);
    if (room >= workers && (best === undefined || room < best.room)) best = { slots, room };
  }
  return best?.slots;
}

function fill(slots: readonly Slot[], { workers, gpusPerWorker }: PlaceRequest): Placed | undefined {
  const rooms = slots
    .map((slot) => ({ slot, room: Math.floor(slot.free / gpusPerWorker) }))
    .filter(({ room }) => room > 0)
    // Emptiest first; of two equal ones always the same.
    .sort((a, b) => b.room - a.room || (a.slot.node < b.slot.node ? -1 : 1));
  const nodes: string[] = [];
  let resource: string | undefined;
  while (nodes.length < workers) {
    const left = workers - nodes.length;
    // The fullest node that holds all that is left; they are sorted, so the last of those.
    const next = rooms.findLast(({ room }) => room >= left) ?? rooms[0];
    if (next === undefined) return undefined;
    rooms.splice(rooms.indexOf(next), 1);
    resource ??= next.slot.resource;
    if (next.slot.resource !== resource) continue;
    for (let i = 0; i < Math.min(left, next.room); i++) nodes.push(next.slot.node);
  }
  return resource === undefined ? undefined : { resource, nodes };
}
