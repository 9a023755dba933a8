import type { Requests } from '../pool/index.js';
import type { Slot } from './slot.js';
import { gpusOnly } from './slot.js';

/** The slots of a flavor on which one kind of worker finds less room than free GPUs, up to date with `changes[seen]`. */
interface Known {
  readonly slots: Set<Slot>;
  seen: number;
}

/**
 * On which slots of a flavor something else is scarcer than GPUs. Mostly on none: that is told by the least that any
 * slot has for each free GPU, without a look at the slots.
 */
export class ScarceSlots {
  /** By resource: the least of it for a free GPU, on any slot. Taking no more than that a GPU does not lessen it. */
  readonly #least = new Map<string, number>();
  readonly #known = new Map<string, Known>();
  readonly #changes: Slot[] = [];

  /** @param slots all of the flavor; complete before {@link of} is called */
  constructor(private readonly slots: readonly Slot[]) {}

  /** Something was taken from the slot or its node, or given back. */
  changed(slot: Slot): void {
    if (slot.room === undefined) return;
    for (const [resource, least] of this.#least)
      this.#least.set(resource, Math.min(least, perGpu(slot, resource)));
    if (this.#known.size > 0) this.#changes.push(slot);
  }

  /** Undefined: there is enough on all of them. */
  of(requests: Requests, gpusPerWorker: number): ReadonlySet<Slot> | undefined {
    if (this.#isEnough(requests, gpusPerWorker)) return undefined;
    const key = `${gpusPerWorker} ${requestsKey(requests)}`;
    const isScarce = ({ free, room }: Slot) => {
      const workers = gpusOnly(free, gpusPerWorker);
      return workers > 0 && room !== undefined && room.workers(requests, ALWAYS) < workers;
    };
    let known = this.#known.get(key);
    if (known === undefined) {
      known = { slots: new Set(this.slots.filter(isScarce)), seen: this.#changes.length };
      this.#known.set(key, known);
    }
    for (; known.seen < this.#changes.length; known.seen++) {
      const slot = this.#changes[known.seen] as Slot;
      if (isScarce(slot)) known.slots.add(slot);
      else known.slots.delete(slot);
    }
    return known.slots;
  }

  #isEnough(requests: Requests, gpusPerWorker: number): boolean {
    for (const resource of Object.keys(requests)) {
      let least = this.#least.get(resource);
      if (least === undefined) {
        least = Number.POSITIVE_INFINITY;
        for (const slot of this.slots) least = Math.min(least, perGpu(slot, resource));
        this.#least.set(resource, least);
      }
      if ((requests[resource] as number) / gpusPerWorker > least) return false;
    }
    return true;
  }
}

/** Before anything is kept for somebody. */
const ALWAYS = Number.NEGATIVE_INFINITY;

/** How much of a resource the slot's node has for each free GPU. */
const perGpu = ({ free, room }: Slot, resource: string) =>
  free <= 0 || room === undefined ? Number.POSITIVE_INFINITY : room.free(resource) / free;

const keys = new WeakMap<Requests, string>();

/** Equal for equal requests. */
export function requestsKey(requests: Requests | undefined): string {
  if (requests === undefined) return '';
  let key = keys.get(requests);
  if (key === undefined) keys.set(requests, (key = JSON.stringify(requests)));
  return key;
}
