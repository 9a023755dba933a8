import type { Requests, TopologyLevel } from '../pool/index.js';
import type { CycleState } from './cycle-state.js';
import type { FlavorSlots, Suitable } from './flavor-slots.js';
import { workersIn } from './node-room.js';
import type { NodeRoom } from './node-room.js';
import type { Room, Slot } from './slot.js';
import { gpusOnly, placeInRooms, workersOn } from './slot.js';
import type { PendingJob, RunningJob } from './snapshot.js';

/**
 * Would the smallest gang of a job start if these and those GPUs were given back? A copy of the free GPUs that the
 * job may use, without what is held for others; the quota is that of the cycle and is put back by {@link undo}.
 */
export class WhatIf {
  readonly #slots: FlavorSlots;
  readonly #suitable: Suitable;
  /** GPUs given back, on the slots where there are any. */
  readonly #more = new Map<Slot, number>();
  /** What is given back of a node besides GPUs. */
  readonly #moreRoom = new Map<NodeRoom, Record<string, number>>();
  /** What the ledger was told, to be put back. */
  readonly #taken: { readonly queue: string; readonly gpus: number }[] = [];
  /** Workers that fit. */
  #workers = 0;
  /** Workers that fit in each domain, once anybody asked. */
  #byDomain: Map<string, number> | undefined;
  #most: number | undefined;

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
    const avoided = job.avoidNodes ?? [];
    const isElsewhere = avoided.length > 0 && slots.workersEver(job, avoided) >= job.min;
    const kind = isElsewhere || avoided.length === 0 ? job : { ...job, avoidNodes: undefined };
    const fit = slots.fit(kind, Number.NEGATIVE_INFINITY);
    this.#suitable = fit.suitable;
    this.#workers = slots.countWorkers(fit);
    // What is kept for others is as good as taken, and what comes free by itself as good as free.
    for (const slot of new Set([...slots.held, ...slots.leaving]))
      if (this.#mayUse(slot)) this.#workers += this.#workersOn(slot) - workersOn(slot, fit);
    for (const { queue, flavor: of, gpus, isLeaving } of state.snapshot.leftover ?? [])
      if (of === flavor && isLeaving === true) this.#take(queue, -gpus);
    for (const held of state.held) if (held.flavor === flavor) this.#take(held.queue, held.gpus);
  }

  /** Gives back the GPUs of some workers of a running job; `sign` -1 takes them again. */
  release(job: RunningJob, nodes: readonly string[], sign: 1 | -1 = 1): void {
    for (const name of nodes) {
      const slot = this.#slots.byNode.get(name);
      if (slot !== undefined && this.#mayUse(slot)) this.#give(slot, job, sign);
    }
    const gpus = sign * nodes.length * job.gpusPerWorker;
    this.#take(job.queueName, -gpus);
  }

  /** Whether the smallest gang has both quota and room. */
  fits(): boolean {
    const { min, gpusPerWorker, queueName, topology } = this.job;
    const quota = this.state.ledger.view(queueName, this.flavor);
    if ((quota?.available ?? 0) < min * gpusPerWorker || this.#workers < min) return false;
    return topology?.mode !== 'required' || this.#mostInDomain(topology.level) >= min;
  }

  /** Whether there is room for the smallest gang, but for a required domain. */
  hasRoom(): boolean {
    return this.job.topology?.mode !== 'required' && this.#workers >= this.job.min;
  }

  /** Keeps quota and GPUs for the smallest gang from `at` on; call it when it {@link fits}. */
  hold(at: number): readonly string[] {
    const { min, gpusPerWorker, queueName, topology, requests } = this.job;
    const nodes = placeInRooms(this.#rooms(), min, topology) ?? [];
    const gpus = min * gpusPerWorker;
    this.state.ledger.hold(queueName, this.flavor, gpus, at);
    this.state.held.push({ queue: queueName, flavor: this.flavor, gpus });
    const taken = new Map<string, number>();
    for (const node of nodes) taken.set(node, (taken.get(node) ?? 0) + gpusPerWorker);
    for (const [node, count] of taken) {
      const slot = this.#slots.byNode.get(node);
      if (slot === undefined) continue;
      const { room } = slot;
      if (room !== undefined && requests !== undefined)
        room.hold(requests, count / gpusPerWorker, (resource) => this.#roomOf(room, resource), at);
      this.#slots.hold(slot, count, this.#freeOf(slot), at);
    }
    return nodes;
  }

  /** Puts the quota back as it was. */
  undo(): void {
    for (const { queue, gpus } of this.#taken.splice(0)) this.state.ledger.take(queue, this.flavor, -gpus);
  }

  #take(queue: string, gpus: number): void {
    this.state.ledger.take(queue, this.flavor, gpus);
    this.#taken.push({ queue, gpus });
  }

  #rooms(): Room[] {
    const rooms: Room[] = [];
    const add = (slot: Slot) => {
      const workers = this.#mayUse(slot) ? this.#workersOn(slot) : 0;
      if (workers > 0) rooms.push({ slot, workers });
    };
    for (const slot of this.#slots.withFree()) add(slot);
    for (const slot of new Set([...this.#more.keys(), ...this.#slots.leaving])) if (slot.free <= 0) add(slot);
    return rooms;
  }

  /** Most workers that fit in one domain. Counted once, then kept as GPUs are given back. */
  #mostInDomain(level: TopologyLevel): number {
    if (this.#byDomain === undefined) {
      this.#byDomain = new Map();
      for (const { slot, workers } of this.#rooms()) {
        const domain = slot.node.domains[level];
        this.#byDomain.set(domain, (this.#byDomain.get(domain) ?? 0) + workers);
      }
      this.#most = undefined;
    }
    this.#most ??= Math.max(0, ...this.#byDomain.values());
    return this.#most;
  }

  #freeOf(slot: Slot): number {
    return Math.max(0, slot.free - slot.held + slot.leaving + (this.#more.get(slot) ?? 0));
  }

  #roomOf(room: NodeRoom, resource: string): number {
    return room.freeLater(resource) + (this.#moreRoom.get(room)?.[resource] ?? 0);
  }

  #workersOn(slot: Slot): number {
    const byGpus = gpusOnly(this.#freeOf(slot), this.job.gpusPerWorker);
    const { room } = slot;
    const { requests } = this.job;
    return byGpus === 0 || room === undefined || requests === undefined
      ? byGpus
      : Math.min(
          byGpus,
          workersIn(requests, (resource) => this.#roomOf(room, resource)),
        );
  }

  #mayUse(slot: Slot): boolean {
    return slot.node.unavailable === undefined && this.#suitable.now?.has(slot) !== false;
  }

  #give(slot: Slot, { gpusPerWorker, requests }: RunningJob, sign: 1 | -1): void {
    const gpus = sign * gpusPerWorker;
    const more = this.#more.get(slot) ?? 0;
    let change: number;
    if (slot.room === undefined || this.job.requests === undefined) {
      const free = slot.free - slot.held + slot.leaving + more;
      const each = this.job.gpusPerWorker;
      change = gpusOnly(free + gpus, each) - gpusOnly(free, each);
      this.#more.set(slot, more + gpus);
    } else {
      const before = this.#workersOn(slot);
      this.#more.set(slot, more + gpus);
      if (requests !== undefined) this.#giveRoom(slot.room, requests, sign);
      change = this.#workersOn(slot) - before;
    }
    if (change === 0) return;
    this.#workers += change;
    const level = this.job.topology?.level;
    if (this.#byDomain === undefined || level === undefined) return;
    const domain = slot.node.domains[level];
    const workers = (this.#byDomain.get(domain) ?? 0) + change;
    this.#byDomain.set(domain, workers);
    if (change < 0) this.#most = undefined;
    else if (this.#most !== undefined) this.#most = Math.max(this.#most, workers);
  }

  #giveRoom(room: NodeRoom, requests: Requests, sign: 1 | -1): void {
    let given = this.#moreRoom.get(room);
    if (given === undefined) this.#moreRoom.set(room, (given = {}));
    for (const [resource, amount] of Object.entries(requests))
      given[resource] = (given[resource] ?? 0) + sign * amount;
  }
}
