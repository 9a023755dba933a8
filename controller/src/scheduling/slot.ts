import type { PoolNode, Requests, TopologyLevel } from '../pool/index.js';
import type { NodeRoom } from './node-room.js';

/** The GPUs of one flavor on one node, as a cycle takes from them. */
export interface Slot {
  readonly node: PoolNode;
  readonly resource: string;
  readonly allocatable: number;
  readonly memoryBytes: number | undefined;
  /** What its node has besides GPUs. Undefined: not known, there is enough. */
  readonly room: NodeRoom | undefined;
  free: number;
  /** Come free by themselves: their pods are being deleted. */
  readonly leaving: number;
  /** From this time on, in ms, a part is kept for a waiting job. Infinity: nothing is kept. */
  heldFrom: number;
  /** Of `free`, what may be taken beyond `heldFrom`. */
  extra: number;
  /** GPUs that are kept, all together. */
  held: number;
}

/** GPUs of a slot that a job may take which gives them back at `until`. */
export const freeUntil = (slot: Slot, until: number) =>
  until <= slot.heldFrom ? slot.free : Math.min(slot.free, slot.extra);

/** A worker, as it takes from a slot. */
export interface WorkerSize {
  readonly gpusPerWorker: number;
  /** Undefined: nothing but GPUs, or it is known that there is enough. */
  readonly requests: Requests | undefined;
  /** When it gives all back, in ms. */
  readonly until: number;
}

/** Workers that a slot has room for now, on its node too. */
export function workersOn(slot: Slot, { gpusPerWorker, requests, until }: WorkerSize): number {
  const byGpus = gpusOnly(freeUntil(slot, until), gpusPerWorker);
  return byGpus === 0 || requests === undefined || slot.room === undefined
    ? byGpus
    : Math.min(byGpus, slot.room.workers(requests, until));
}

export const gpusOnly = (gpus: number, gpusPerWorker: number) =>
  Math.floor(Math.max(0, gpus) / gpusPerWorker);

/** Slots that may hold workers, with the workers that each has room for. */
export interface Room {
  readonly slot: Slot;
  readonly workers: number;
}

export function byDomain(rooms: readonly Room[], level: TopologyLevel): Map<string, Room[]> {
  const domains = new Map<string, Room[]>();
  for (const room of rooms) {
    const name = room.slot.node.domains[level];
    const list = domains.get(name);
    if (list === undefined) domains.set(name, [room]);
    else list.push(room);
  }
  return domains;
}

export const countWorkers = (rooms: readonly Room[]) => rooms.reduce((sum, { workers }) => sum + workers, 0);

/**
 * Nodes for all workers, or undefined: the node that the gang fills best; when none holds all of it, the emptiest
 * ones and then the one that the rest fills best. So few nodes are used and whole ones stay whole.
 */
export function fillRooms(rooms: readonly Room[], workers: number): readonly string[] | undefined {
  const bySize: Room[][] = [];
  for (const room of rooms) (bySize[room.workers] ??= []).push(room);
  const nodes: string[] = [];
  while (nodes.length < workers) {
    const missing = workers - nodes.length;
    const next = takeRoom(bySize, missing);
    if (next === undefined) return undefined;
    for (let i = 0; i < Math.min(missing, next.workers); i++) nodes.push(next.slot.node.name);
  }
  return nodes;
}

/** Takes out the smallest room for so many workers, or the largest if none is large enough. */
function takeRoom(bySize: readonly (Room[] | undefined)[], missing: number): Room | undefined {
  for (let size = missing; size < bySize.length; size++) {
    const room = bySize[size]?.shift();
    if (room !== undefined) return room;
  }
  for (let size = Math.min(missing, bySize.length) - 1; size > 0; size--) {
    const room = bySize[size]?.shift();
    if (room !== undefined) return room;
  }
  return undefined;
}

/** Of the domains that hold all workers, the one that they fill best. */
export function tightestDomain(
  rooms: readonly Room[],
  level: TopologyLevel,
  workers: number,
): Room[] | undefined {
  let best: { readonly rooms: Room[]; readonly room: number } | undefined;
  for (const domain of byDomain(rooms, level).values()) {
    const room = countWorkers(domain);
    if (room >= workers && (best === undefined || room < best.room)) best = { rooms: domain, room };
  }
  return best?.rooms;
}

/** Where a gang goes among rooms, as its topology asks. */
export function placeInRooms(
  rooms: readonly Room[],
  workers: number,
  topology: { readonly level: TopologyLevel; readonly mode: 'required' | 'preferred' } | undefined,
): readonly string[] | undefined {
  if (topology === undefined) return fillRooms(rooms, workers);
  const domain = tightestDomain(rooms, topology.level, workers);
  if (domain !== undefined) return fillRooms(domain, workers);
  return topology.mode === 'required' ? undefined : fillRooms(rooms, workers);
}

/** Most workers that {@link placeInRooms} can place. */
export function mostInRooms(
  rooms: readonly Room[],
  topology: { readonly level: TopologyLevel; readonly mode: 'required' | 'preferred' } | undefined,
): number {
  if (topology?.mode !== 'required') return countWorkers(rooms);
  let most = 0;
  for (const domain of byDomain(rooms, topology.level).values()) most = Math.max(most, countWorkers(domain));
  return most;
}
