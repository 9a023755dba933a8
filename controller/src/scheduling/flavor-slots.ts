import type { NodeNeeds, PoolNode, Requests } from '../pool/index.js';
import { isKeptAway, suits } from '../pool/index.js';
import type { NodeRoom } from './node-room.js';
import { workersIn } from './node-room.js';
import { requestsKey, ScarceSlots } from './scarce-slots.js';
import type { Slot, WorkerSize } from './slot.js';
import { gpusOnly, workersOn } from './slot.js';

/** Which slots of a flavor a kind of job may use. */
export interface Suitable {
  /** May ever be used; also those that are not available now. */
  readonly ever: readonly Slot[];
  /** May be used now; undefined: all of the flavor. */
  readonly now: ReadonlySet<Slot> | undefined;
  /** GPUs of `ever`. */
  readonly total: number;
}

/** The workers of a job, as its flavor's slots are asked for. */
export interface WorkerKind {
  readonly gpusPerWorker: number;
  readonly needs: NodeNeeds;
  readonly bytesPerGpu?: number | undefined;
  /** What a worker takes besides GPUs. Absent: nothing. */
  readonly requests?: Requests | undefined;
  readonly avoidNodes?: readonly string[] | undefined;
}

/** A {@link WorkerKind} in a cycle, until a time. */
export interface Fit extends WorkerSize {
  readonly suitable: Suitable;
  /** Slots on which something else is scarcer than GPUs; undefined: none. */
  readonly scarce: ReadonlySet<Slot> | undefined;
}

/** The slots of one flavor, found by how many GPUs they have free. */
export class FlavorSlots {
  readonly slots: Slot[] = [];
  readonly byNode = new Map<string, Slot>();
  /** Slots with so many GPUs free. */
  readonly #buckets: Set<Slot>[] = [];
  /** Slots of which a part is kept. */
  readonly held = new Set<Slot>();
  /** Slots with GPUs that come free by themselves. */
  readonly leaving: Slot[] = [];
  #free = 0;
  #total = 0;
  readonly #scarce = new ScarceSlots(this.slots);
  readonly #suitable = new Map<string, Suitable>();
  readonly #workersEver = new Map<string, number>();

  /** @param room what the node has besides GPUs, for all of its slots */
  add(node: PoolNode, gpus: PoolNode['gpus'][number], room: NodeRoom | undefined): Slot {
    const { resource, allocatable, used, memoryBytes } = gpus;
    const available = node.unavailable === undefined;
    const free = available ? Math.max(0, allocatable - used) : 0;
    const leaving = available ? Math.min(gpus.leaving ?? 0, allocatable) : 0;
    const slot: Slot = {
      node,
      resource,
      allocatable,
      memoryBytes,
      room,
      free,
      leaving,
      heldFrom: Number.POSITIVE_INFINITY,
      extra: 0,
      held: 0,
    };
    this.slots.push(slot);
    this.byNode.set(node.name, slot);
    this.#bucket(free).add(slot);
    this.#free += free;
    this.#total += allocatable;
    if (leaving > 0 || (available && room?.isAnythingLeaving === true)) this.leaving.push(slot);
    return slot;
  }

  /** Takes GPUs, or gives them back when `gpus` is less than 0. */
  take(slot: Slot, gpus: number, until: number): void {
    this.#bucket(slot.free).delete(slot);
    slot.free -= gpus;
    this.#free -= gpus;
    if (until > slot.heldFrom) slot.extra -= gpus;
    this.#bucket(slot.free).add(slot);
  }

  /** Keeps `gpus` of the slot from `at` on, when it will have `freeThen` besides what is kept already. */
  hold(slot: Slot, gpus: number, freeThen: number, at: number): void {
    slot.heldFrom = Math.min(slot.heldFrom, at);
    slot.extra = this.held.has(slot) ? Math.min(slot.extra, freeThen - gpus) : freeThen - gpus;
    slot.held += gpus;
    this.held.add(slot);
  }

  /** Something else was taken from the slot's node, or given back. */
  roomChanged(slot: Slot): void {
    this.#scarce.changed(slot);
  }

  /** @param until when the workers give all back, in ms */
  fit(kind: WorkerKind, until: number): Fit {
    const { gpusPerWorker, requests } = kind;
    const suitable = this.suitable(kind, kind.avoidNodes);
    const scarce = requests === undefined ? undefined : this.#scarce.of(requests, gpusPerWorker);
    // Where there is enough now, only what is kept for others may be short.
    const isEnough = scarce === undefined && this.held.size === 0;
    return { suitable, scarce, gpusPerWorker, requests: isEnough ? undefined : requests, until };
  }

  /** @param but names of nodes that are left out */
  suitable({ needs, bytesPerGpu }: Omit<WorkerKind, 'gpusPerWorker'>, but: readonly string[] = []): Suitable {
    const key = needsKey(needs, bytesPerGpu, but);
    let found = this.#suitable.get(key);
    if (found === undefined) {
      const ever = this.slots.filter(
        (slot) =>
          suits(slot.node, needs) &&
          !but.includes(slot.node.name) &&
          (bytesPerGpu === undefined || slot.memoryBytes === undefined || slot.memoryBytes >= bytesPerGpu),
      );
      const now = ever.filter(({ node }) => !isKeptAway(node, needs));
      const total = ever.reduce((sum, { allocatable }) => sum + allocatable, 0);
      found = { ever, now: now.length === this.slots.length ? undefined : new Set(now), total };
      this.#suitable.set(key, found);
    }
    return found;
  }

  /** Workers that would fit were everything free and every node available. */
  workersEver(kind: WorkerKind, but: readonly string[] = []): number {
    const { gpusPerWorker, needs, bytesPerGpu, requests } = kind;
    const key = `${gpusPerWorker} ${requestsKey(requests)} ${needsKey(needs, bytesPerGpu, but)}`;
    let count = this.#workersEver.get(key);
    if (count === undefined) {
      count = 0;
      for (const { allocatable, room } of this.suitable(kind, but).ever) {
        const byGpus = gpusOnly(allocatable, gpusPerWorker);
        count +=
          requests === undefined || room === undefined
            ? byGpus
            : Math.min(
                byGpus,
                workersIn(requests, (resource) => room.allocatable(resource)),
              );
      }
      this.#workersEver.set(key, count);
    }
    return count;
  }

  /** All free GPUs. */
  get free(): number {
    return this.#free;
  }

  /** All GPUs. */
  get total(): number {
    return this.#total;
  }

  freeGpus({ now }: Suitable): number {
    if (now === undefined) return this.#free;
    let sum = 0;
    for (const { free } of now) sum += free;
    return sum;
  }

  /** Workers that fit now. */
  countWorkers(fit: Fit): number {
    const { suitable, gpusPerWorker, scarce } = fit;
    let count = 0;
    if (suitable.now !== undefined) {
      for (const slot of suitable.now) count += workersOn(slot, fit);
      return count;
    }
    this.#buckets.forEach((bucket, free) => {
      count += bucket.size * Math.floor(free / gpusPerWorker);
    });
    if (count === 0) return 0;
    for (const slot of this.held) count += workersOn(slot, fit) - gpusOnly(slot.free, gpusPerWorker);
    if (scarce === undefined) return count;
    for (const slot of scarce)
      if (!this.held.has(slot)) count += workersOn(slot, fit) - gpusOnly(slot.free, gpusPerWorker);
    return count;
  }

  /** The slot with the fewest free GPUs that has room for so many workers; not one of `but`. */
  tightest(fit: Fit, workers: number, but: ReadonlySet<Slot>): Slot | undefined {
    const { now } = fit.suitable;
    for (let free = workers * fit.gpusPerWorker; free < this.#buckets.length; free++) {
      for (const slot of this.#buckets[free] ?? []) {
        if (now?.has(slot) !== false && workersOn(slot, fit) >= workers && !but.has(slot)) return slot;
      }
    }
    return undefined;
  }

  /** The slot with the most free GPUs, or where these are not all of use with room for the most workers; not one of `but`. */
  emptiest(fit: Fit, but: ReadonlySet<Slot>): Slot | undefined {
    const { suitable, scarce, gpusPerWorker } = fit;
    let best: Slot | undefined;
    let most = 0;
    for (let free = this.#buckets.length - 1; Math.floor(free / gpusPerWorker) > most; free--) {
      for (const slot of this.#buckets[free] ?? []) {
        if (suitable.now?.has(slot) === false || but.has(slot)) continue;
        const workers = workersOn(slot, fit);
        if (workers <= most) continue;
        if (scarce === undefined) return slot;
        best = slot;
        most = workers;
      }
    }
    return best;
  }

  /** Slots with GPUs free, those with the fewest first. */
  *withFree(): Generator<Slot> {
    for (let free = 1; free < this.#buckets.length; free++) yield* this.#buckets[free] ?? [];
  }

  #bucket(free: number): Set<Slot> {
    const index = Math.max(0, free);
    while (this.#buckets.length <= index) this.#buckets.push(new Set());
    return this.#buckets[index] as Set<Slot>;
  }
}

const NO_NEEDS = '';

/** Equal for needs that the same nodes meet. */
function needsKey(
  { nodeSelector, tolerations }: NodeNeeds,
  bytesPerGpu: number | undefined,
  but: readonly string[],
): string {
  const selector = Object.entries(nodeSelector);
  if (selector.length === 0 && tolerations.length === 0 && bytesPerGpu === undefined && but.length === 0)
    return NO_NEEDS;
  const sorted = selector.sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([sorted, tolerations, bytesPerGpu, but]);
}
