import type { Pool, TopologyLevel } from '../pool/index.js';
import type { Fit, WorkerKind } from './flavor-slots.js';
import { FlavorSlots } from './flavor-slots.js';
import { NodeRoom } from './node-room.js';
import type { Room, Slot } from './slot.js';
import { mostInRooms, placeInRooms, workersOn } from './slot.js';
import type { Topology } from './snapshot.js';

export interface PlaceRequest extends WorkerKind {
  readonly flavor: string;
  readonly topology?: Topology | undefined;
  /** Only nodes of this domain. */
  readonly within?: { readonly level: TopologyLevel; readonly domain: string } | undefined;
  /** When the GPUs are given back, in ms; Infinity: not known. */
  readonly until: number;
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
  readonly #byFlavor = new Map<string, FlavorSlots>();

  /** The slots of a node, where it is known what they share. */
  readonly #sharing = new Map<NodeRoom, { readonly slots: FlavorSlots; readonly slot: Slot }[]>();

  constructor(pool: Pool) {
    for (const node of pool.nodes) {
      const room = node.resources === undefined ? undefined : new NodeRoom(node.resources);
      const sharing: { slots: FlavorSlots; slot: Slot }[] | undefined = room && [];
      for (const gpus of node.gpus) {
        let slots = this.#byFlavor.get(gpus.flavor);
        if (slots === undefined) {
          slots = new FlavorSlots();
          this.#byFlavor.set(gpus.flavor, slots);
        }
        const slot = slots.add(node, gpus, room);
        sharing?.push({ slots, slot });
      }
      if (room !== undefined && sharing !== undefined) this.#sharing.set(room, sharing);
    }
  }

  flavor(flavor: string): FlavorSlots | undefined {
    return this.#byFlavor.get(flavor);
  }

  view(flavor: string, kind: WorkerKind): CapacityView {
    const slots = this.#byFlavor.get(flavor);
    if (slots === undefined) return { total: 0, free: 0, mostWorkersEver: 0 };
    const suitable = slots.suitable(kind);
    return {
      total: suitable.total,
      free: slots.freeGpus(suitable),
      mostWorkersEver: slots.workersEver(kind),
    };
  }

  /** Whether no GPU is free. */
  get isEmpty(): boolean {
    for (const slots of this.#byFlavor.values()) if (slots.free > 0) return false;
    return true;
  }

  /** Whether GPUs of the flavor come free by themselves, their pods being deleted. */
  isAnythingLeaving(flavor: string): boolean {
    return (this.#byFlavor.get(flavor)?.leaving.length ?? 0) > 0;
  }

  /** Most workers, up to `limit`, that {@link place} could place. */
  mostWorkers(request: PlaceRequest, limit: number): number {
    const slots = this.#byFlavor.get(request.flavor);
    if (slots === undefined) return 0;
    const fit = slots.fit(request, request.until);
    const { topology, within } = request;
    if (topology?.mode !== 'required' && within === undefined)
      return Math.min(limit, slots.countWorkers(fit));
    if (topology?.level === 'node' && within === undefined) {
      const slot = slots.emptiest(fit, NONE);
      return slot === undefined ? 0 : Math.min(limit, workersOn(slot, fit));
    }
    return Math.min(limit, mostInRooms(rooms(slots, fit, within), topology));
  }

  /** Nodes for all workers, or undefined; takes nothing. */
  place(request: PlaceRequest, workers: number): Placed | undefined {
    const slots = this.#byFlavor.get(request.flavor);
    if (slots === undefined) return undefined;
    const fit = slots.fit(request, request.until);
    const { topology, within } = request;
    const anywhere =
      within === undefined &&
      (topology === undefined || (topology.level === 'node' && topology.mode === 'preferred'));
    const oneNode = topology?.level === 'node' && topology.mode === 'required';
    const nodes = anywhere
      ? fillSlots(slots, fit, workers)
      : oneNode && within === undefined
        ? onOneNode(slots.tightest(fit, workers, NONE), workers)
        : placeInRooms(rooms(slots, fit, within), workers, topology);
    const resource = slots.byNode.get(nodes?.[0] ?? '')?.resource;
    return nodes === undefined || resource === undefined ? undefined : { resource, nodes };
  }

  /** Takes what {@link place} found; `sign` -1 gives it back. */
  take(request: Omit<PlaceRequest, 'needs'>, nodes: readonly string[], sign: 1 | -1 = 1): void {
    const { flavor, gpusPerWorker, requests, until } = request;
    const slots = this.#byFlavor.get(flavor);
    if (slots === undefined) return;
    for (const node of nodes) {
      const slot = slots.byNode.get(node);
      if (slot === undefined) continue;
      slots.take(slot, sign * gpusPerWorker, until);
      if (slot.room === undefined) continue;
      if (requests !== undefined) slot.room.take(requests, sign, until);
      for (const sharing of this.#sharing.get(slot.room) ?? []) sharing.slots.roomChanged(sharing.slot);
    }
  }
}

const NONE: ReadonlySet<Slot> = new Set();

const onOneNode = (slot: Slot | undefined, workers: number) =>
  slot === undefined ? undefined : Array<string>(workers).fill(slot.node.name);

/** As {@link fillRooms}, but found by index: a cycle places many small gangs on many nodes. */
function fillSlots(slots: FlavorSlots, fit: Fit, workers: number): readonly string[] | undefined {
  const used = new Set<Slot>();
  const nodes: string[] = [];
  while (nodes.length < workers) {
    const missing = workers - nodes.length;
    const slot = slots.tightest(fit, missing, used) ?? slots.emptiest(fit, used);
    if (slot === undefined) return undefined;
    used.add(slot);
    const room = Math.min(missing, workersOn(slot, fit));
    for (let i = 0; i < room; i++) nodes.push(slot.node.name);
  }
  return nodes;
}

function rooms(slots: FlavorSlots, fit: Fit, within: PlaceRequest['within']): Room[] {
  const found: Room[] = [];
  for (const slot of fit.suitable.now ?? slots.slots) {
    if (within !== undefined && slot.node.domains[within.level] !== within.domain) continue;
    const workers = workersOn(slot, fit);
    if (workers > 0) found.push({ slot, workers });
  }
  return found;
}
