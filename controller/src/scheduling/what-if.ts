import type { CycleState } from './cycle-state.js';
import type { FlavorSlots } from './flavor-slots.js';
import type { Room, Slot } from './slot.js';
import { freeUntil, mostInRooms, placeInRooms } from './slot.js';
import type { PendingJob, RunningJob } from './snapshot.js';

/**
 * Would the smallest gang of a job start if these and those GPUs were given back? A copy of the free GPUs that the
 * job may use, without what is held for others; the quota is that of the cycle and is put back by {@link undo}.
 */
export class WhatIf {
  readonly #slots: FlavorSlots;
  /** GPUs free on each slot that the job may use. */
  readonly #free = new Map<Slot, number>();
  readonly #released: { readonly queue: string; readonly gpus: number }[] = [];
  /** Workers that fit; kept only when no domain is required. */
  #workers = 0;

  /** Undefined when the pool has nothing of the flavor. */
  static of(state: CycleState, job: PendingJob, flavor: string): WhatIf | undefined {
    const slots = state.free.flavor(flavor);
    return slots === undefined ? undefined : new WhatIf(state, job, flavor, slots);
  }

  private constructor(
    private readonly state: CycleState,
    private readonly job: PendingJob,
    private readonly flavor: string,
    slots: FlavorSlots,
  ) {
    this.#slots = slots;
    const { now } = slots.suitable(job.needs, job.bytesPerGpu);
    for (const slot of now ?? slots.slots) {
      if (slot.node.unavailable !== undefined) continue;
      const free = Math.max(0, freeUntil(slot, Number.POSITIVE_INFINITY) + slot.leaving);
      this.#free.set(slot, free);
      this.#workers += Math.floor(free / job.gpusPerWorker);
    }
  }

  /** Gives back the GPUs of some workers of a running job; `sign` -1 takes them again. */
  release(job: RunningJob, nodes: readonly string[], sign: 1 | -1 = 1): void {
    const each = this.job.gpusPerWorker;
    for (const name of nodes) {
      const slot = this.#slots.byNode.get(name);
      const before = slot === undefined ? undefined : this.#free.get(slot);
      if (slot === undefined || before === undefined) continue;
      const after = before + sign * job.gpusPerWorker;
      this.#free.set(slot, after);
      this.#workers += Math.floor(after / each) - Math.floor(before / each);
    }
    const gpus = sign * nodes.length * job.gpusPerWorker;
    this.state.ledger.take(job.queueName, this.flavor, -gpus);
    this.#released.push({ queue: job.queueName, gpus });
  }

  /** Whether the smallest gang has both quota and room. */
  fits(): boolean {
    const { min, gpusPerWorker, queueName, topology } = this.job;
    const quota = this.state.ledger.view(queueName, this.flavor, Number.POSITIVE_INFINITY);
    if ((quota?.available ?? 0) < min * gpusPerWorker || this.#workers < min) return false;
    return topology?.mode !== 'required' || mostInRooms(this.#rooms(), topology) >= min;
  }

  /** Keeps quota and GPUs for the smallest gang from `at` on; call it when it {@link fits}. */
  hold(at: number): readonly string[] {
    const { min, gpusPerWorker, queueName, topology } = this.job;
    const nodes = placeInRooms(this.#rooms(), min, topology) ?? [];
    this.state.ledger.hold(queueName, this.flavor, min * gpusPerWorker, at);
    const taken = new Map<string, number>();
    for (const node of nodes) taken.set(node, (taken.get(node) ?? 0) + gpusPerWorker);
    for (const [node, gpus] of taken) {
      const slot = this.#slots.byNode.get(node);
      if (slot !== undefined) this.#slots.hold(slot, gpus, this.#free.get(slot) ?? 0, at);
    }
    return nodes;
  }

  /** Puts the quota back as it was. */
  undo(): void {
    for (const { queue, gpus } of this.#released.splice(0)) this.state.ledger.take(queue, this.flavor, gpus);
  }

  #rooms(): Room[] {
    const rooms: Room[] = [];
    for (const [slot, free] of this.#free) {
      const workers = Math.floor(free / this.job.gpusPerWorker);
      if (workers > 0) rooms.push({ slot, workers });
    }
    return rooms;
  }
}
