import type { PoolNode, Requests } from '../pool/index.js';

/** What every node has; one that does not say how much is taken to have enough. */
const UNIVERSAL: ReadonlySet<string> = new Set(['cpu', 'memory', 'pods']);

/** What a node has besides GPUs, as a cycle takes from it. Slots of one node share it. */
export class NodeRoom {
  #taken: Record<string, number> | undefined;
  /** From this time on, in ms, a part is kept for a waiting job. Infinity: nothing is kept. */
  #heldFrom = Number.POSITIVE_INFINITY;
  /** Of what is free, what may be taken beyond `#heldFrom`. */
  #extra: Record<string, number> | undefined;
  #held: Record<string, number> | undefined;

  constructor(private readonly resources: NonNullable<PoolNode['resources']>) {}

  free(resource: string): number {
    const { allocatable, used } = this.resources[resource] ?? missing(resource);
    return allocatable - used - (this.#taken?.[resource] ?? 0);
  }

  allocatable(resource: string): number {
    return (this.resources[resource] ?? missing(resource)).allocatable;
  }

  /** What is or comes free by itself and is not kept for others. */
  freeLater(resource: string): number {
    return this.free(resource) - (this.#held?.[resource] ?? 0) + (this.resources[resource]?.leaving ?? 0);
  }

  get isAnythingLeaving(): boolean {
    return Object.values(this.resources).some(({ leaving = 0 }) => leaving > 0);
  }

  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** Workers that there is room for and that give it back at `until`. */
  workers(requests: Requests, until: number): number {
    const isBounded = until > this.#heldFrom;
    return workersIn(requests, (resource) => {
      const free = this.free(resource);
      return isBounded ? Math.min(free, this.#extra?.[resource] ?? free) : free;
    });
  }

  /** Takes what a worker requests, so often; less than 0 gives it back. */
  take(requests: Requests, workers: number, until: number): void {
    this.#taken = more(this.#taken, requests, workers);
    if (this.#extra !== undefined && until > this.#heldFrom)
      this.#extra = more(this.#extra, requests, -workers, this.#extra);
  }

  /**
   * Keeps what so many workers request from `at` on.
   * @param freeThen what there will be of a resource besides what is kept already
   */
  hold(requests: Requests, workers: number, freeThen: (resource: string) => number, at: number): void {
    this.#heldFrom = Math.min(this.#heldFrom, at);
    const extra = { ...this.#extra };
    for (const [resource, amount] of Object.entries(requests)) {
      const left = freeThen(resource) - amount * workers;
      extra[resource] = Math.min(extra[resource] ?? left, left);
    }
    this.#extra = extra;
    this.#held = more(this.#held, requests, workers);
  }
}

/** Workers that fit into what there is of every resource. */
export function workersIn(requests: Requests, amountOf: (resource: string) => number): number {
  let most = Number.POSITIVE_INFINITY;
  for (const resource of Object.keys(requests)) {
    const amount = requests[resource] as number;
    if (amount > 0) most = Math.min(most, Math.floor(amountOf(resource) / amount));
  }
  return Math.max(0, most);
}

const missing = (resource: string) => ({
  allocatable: UNIVERSAL.has(resource) ? Number.POSITIVE_INFINITY : 0,
  used: 0,
});

/** @param among only what stands in here, where it is given */
function more(
  sum: Readonly<Record<string, number>> | undefined,
  requests: Requests,
  times: number,
  among?: Readonly<Record<string, number>>,
): Record<string, number> {
  const result = { ...sum };
  for (const [resource, amount] of Object.entries(requests))
    if (among === undefined || resource in among) result[resource] = (result[resource] ?? 0) + amount * times;
  return result;
}
