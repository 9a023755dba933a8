import type { NodeNeeds, PoolNode } from '../pool/index.js';
import { isKeptAway, suits } from '../pool/index.js';
import type { Slot } from './slot.js';
import { freeUntil } from './slot.js';

/** Which slots of a flavor a kind of job may use. */
export interface Suitable {
  /** May ever be used; also those that are not available now. */
  readonly ever: readonly Slot[];
  /** May be used now; undefined: all of the flavor. */
  readonly now: ReadonlySet<Slot> | undefined;
  /** GPUs of `ever`. */
  readonly total: number;
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
  readonly #suitable = new Map<string, Suitable>();
  readonly #workersEver = new Map<string, number>();

  add(node: PoolNode, gpus: PoolNode['gpus'][number]): void {
    const { resource, allocatable, used, memoryBytes } = gpus;
    const available = node.unavailable === undefined;
    const free = available ? Math.max(0, allocatable - used) : 0;
    const leaving = available ? Math.min(gpus.leaving ?? 0, allocatable) : 0;
    const slot: Slot = {
      node,
      resource,
      allocatable,
      memoryBytes,
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
    if (leaving > 0) this.leaving.push(slot);
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

  suitable(needs: NodeNeeds, bytesPerGpu: number | undefined): Suitable {
    const key = needsKey(needs, bytesPerGpu);
    let found = this.#suitable.get(key);
    if (found === undefined) {
      const ever = this.slots.filter(
        (slot) =>
          suits(slot.node, needs) &&
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
  workersEver(needs: NodeNeeds, bytesPerGpu: number | undefined, gpusPerWorker: number): number {
    const key = `${gpusPerWorker} ${needsKey(needs, bytesPerGpu)}`;
    let count = this.#workersEver.get(key);
    if (count === undefined) {
      count = 0;
      for (const { allocatable } of this.suitable(needs, bytesPerGpu).ever)
        count += Math.floor(allocatable / gpusPerWorker);
      this.#workersEver.set(key, count);
    }
    return count;
  }

  /** All free GPUs. */
  get free(): number {
    return this.#free;
  }

  freeGpus({ now }: Suitable): number {
    if (now === undefined) return this.#free;
    let sum = 0;
    for (const { free } of now) sum += free;
    return sum;
  }

  /** Workers that fit now and give their GPUs back at `until`. */
  countWorkers({ now }: Suitable, gpusPerWorker: number, until: number): number {
    let count = 0;
    if (now !== undefined) {
      for (const slot of now) count += Math.floor(Math.max(0, freeUntil(slot, until)) / gpusPerWorker);
      return count;
    }
    this.#buckets.forEach((bucket, free) => {
      count += bucket.size * Math.floor(free / gpusPerWorker);
    });
    if (count === 0) return 0;
    for (const slot of this.held) {
      const usable = Math.max(0, freeUntil(slot, until));
      count += Math.floor(usable / gpusPerWorker) - Math.floor(Math.max(0, slot.free) / gpusPerWorker);
    }
    return count;
  }

  /** The slot with the fewest free GPUs that has at least so many; not one of `but`. */
  tightest({ now }: Suitable, gpus: number, until: number, but: ReadonlySet<Slot>): Slot | undefined {
    for (let free = gpus; free < this.#buckets.length; free++) {
      for (const slot of this.#buckets[free] ?? []) {
        if (now?.has(slot) !== false && freeUntil(slot, until) >= gpus && !but.has(slot)) return slot;
      }
    }
    return undefined;
  }

  /** The slot with the most free GPUs that has at least so many; not one of `but`. */
  emptiest({ now }: Suitable, gpus: number, until: number, but: ReadonlySet<Slot>): Slot | undefined {
    for (let free = this.#buckets.length - 1; free >= gpus; free--) {
      for (const slot of this.#buckets[free] ?? []) {
        if (now?.has(slot) !== false && freeUntil(slot, until) >= gpus && !but.has(slot)) return slot;
      }
    }
    return undefined;
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
function needsKey({ nodeSelector, tolerations }: NodeNeeds, bytesPerGpu: number | undefined): string {
  const selector = Object.entries(nodeSelector);
  if (selector.length === 0 && tolerations.length === 0 && bytesPerGpu === undefined) return NO_NEEDS;
  return JSON.stringify([selector.sort(([a], [b]) => (a < b ? -1 : 1)), tolerations, bytesPerGpu]);
}
