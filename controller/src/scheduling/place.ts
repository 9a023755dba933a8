import type { NodeNeeds, Pool, TopologyLevel } from '../pool/index.js';
import type { Suitable } from './flavor-slots.js';
import { FlavorSlots } from './flavor-slots.js';
import type { Room, Slot } from './slot.js';
import { freeUntil, mostInRooms, placeInRooms } from './slot.js';
import type { Topology } from './snapshot.js';

export interface PlaceRequest {
  readonly flavor: string;
  readonly gpusPerWorker: number;
  readonly needs: NodeNeeds;
  readonly topology?: Topology | undefined;
  readonly bytesPerGpu?: number | undefined;
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

  constructor(pool: Pool) {
    for (const node of pool.nodes) {
      for (const gpus of node.gpus) {
        let slots = this.#byFlavor.get(gpus.flavor);
        if (slots === undefined) {
          slots = new FlavorSlots();
          this.#byFlavor.set(gpus.flavor, slots);
        }
        slots.add(node, gpus);
      }
    }
  }

  flavor(flavor: string): FlavorSlots | undefined {
    return this.#byFlavor.get(flavor);
  }

  view(request: Omit<PlaceRequest, 'until' | 'topology'>): CapacityView {
    const { flavor, gpusPerWorker, needs, bytesPerGpu } = request;
    const slots = this.#byFlavor.get(flavor);
    if (slots === undefined) return { total: 0, free: 0, mostWorkersEver: 0 };
    const suitable = slots.suitable(needs, bytesPerGpu);
    return {
      total: suitable.total,
      free: slots.freeGpus(suitable),
      mostWorkersEver: slots.workersEver(needs, bytesPerGpu, gpusPerWorker),
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

  /** Most memory of one GPU of the flavor in bytes, where labels tell. */
  mostMemory(flavor: string): number {
    return Math.max(
      0,
      ...new Set((this.#byFlavor.get(flavor)?.slots ?? []).map(({ memoryBytes }) => memoryBytes ?? 0)),
    );
  }

  /** Most workers, up to `limit`, that {@link place} could place. */
  mostWorkers(request: PlaceRequest, limit: number): number {
    const slots = this.#byFlavor.get(request.flavor);
    if (slots === undefined) return 0;
    const suitable = slots.suitable(request.needs, request.bytesPerGpu);
    if (request.topology?.mode !== 'required' && request.within === undefined)
      return Math.min(limit, slots.countWorkers(suitable, request.gpusPerWorker, request.until));
    if (request.topology?.level === 'node' && request.within === undefined) {
      const slot = slots.emptiest(suitable, request.gpusPerWorker, request.until, NONE);
      const free = slot === undefined ? 0 : freeUntil(slot, request.until);
      return Math.min(limit, Math.floor(free / request.gpusPerWorker));
    }
    return Math.min(limit, mostInRooms(rooms(slots, suitable, request), request.topology));
  }

  /** Nodes for all workers, or undefined; takes nothing. */
  place(request: PlaceRequest, workers: number): Placed | undefined {
    const slots = this.#byFlavor.get(request.flavor);
    if (slots === undefined) return undefined;
    const suitable = slots.suitable(request.needs, request.bytesPerGpu);
    const { topology } = request;
    const anywhere =
      request.within === undefined &&
      (topology === undefined || (topology.level === 'node' && topology.mode === 'preferred'));
    const oneNode = topology?.level === 'node' && topology.mode === 'required';
    const nodes = anywhere
      ? fillSlots(slots, suitable, request, workers)
      : oneNode && request.within === undefined
        ? onOneNode(slots.tightest(suitable, workers * request.gpusPerWorker, request.until, NONE), workers)
        : placeInRooms(rooms(slots, suitable, request), workers, topology);
    const resource = slots.byNode.get(nodes?.[0] ?? '')?.resource;
    return nodes === undefined || resource === undefined ? undefined : { resource, nodes };
  }

  /** Takes what {@link place} found until it is given back at `until`. */
  take(flavor: string, gpusPerWorker: number, nodes: readonly string[], until: number): void {
    const slots = this.#byFlavor.get(flavor);
    for (const node of nodes) {
      const slot = slots?.byNode.get(node);
      if (slot !== undefined) slots?.take(slot, gpusPerWorker, until);
    }
  }
}

const NONE: ReadonlySet<Slot> = new Set();

const onOneNode = (slot: Slot | undefined, workers: number) =>
  slot === undefined ? undefined : Array<string>(workers).fill(slot.node.name);

/** As {@link fillRooms}, but found by index: a cycle places many small gangs on many nodes. */
function fillSlots(
  slots: FlavorSlots,
  suitable: Suitable,
  { gpusPerWorker, until }: PlaceRequest,
  workers: number,
): readonly string[] | undefined {
  const used = new Set<Slot>();
  const nodes: string[] = [];
  while (nodes.length < workers) {
    const missing = workers - nodes.length;
    const slot =
      slots.tightest(suitable, missing * gpusPerWorker, until, used) ??
      slots.emptiest(suitable, gpusPerWorker, until, used);
    if (slot === undefined) return undefined;
    used.add(slot);
    const room = Math.min(missing, Math.floor(freeUntil(slot, until) / gpusPerWorker));
    for (let i = 0; i < room; i++) nodes.push(slot.node.name);
  }
  return nodes;
}

function rooms(slots: FlavorSlots, { now }: Suitable, request: PlaceRequest): Room[] {
  const { gpusPerWorker, until, within } = request;
  const found: Room[] = [];
  for (const slot of now ?? slots.slots) {
    if (within !== undefined && slot.node.domains[within.level] !== within.domain) continue;
    const workers = Math.floor(Math.max(0, freeUntil(slot, until)) / gpusPerWorker);
    if (workers > 0) found.push({ slot, workers });
  }
  return found;
}
