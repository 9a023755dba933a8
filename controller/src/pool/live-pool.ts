import { equalJson } from '../kube/index.js';
import type { NodeDescription, Pool, PoolNode } from './pool.js';
import { describeNode } from './pool.js';
import type { NodeObject } from './objects.js';
import type { Requests } from './requests.js';

/** What somebody takes of a node. */
export interface Claim {
  readonly node: string;
  /** Of GPUs and of everything else. */
  readonly amounts: Requests;
  /** They come free by themselves. @default false */
  readonly isLeaving?: boolean;
}

interface Taken {
  used: number;
  leaving: number;
}

/**
 * The pool, kept while nodes come, change and go and claims are laid and lifted: a look at it costs what changed since
 * the last one. Claims on nodes that are not known yet, or no longer, count once the node is there.
 */
export class LivePool {
  readonly #descriptions = new Map<string, NodeDescription>();
  /** By owner. */
  readonly #claims = new Map<string, readonly Claim[]>();
  /** By node, by resource. */
  readonly #taken = new Map<string, Map<string, Taken>>();
  readonly #changed = new Set<string>();
  readonly #nodes = new Map<string, PoolNode>();
  #view: Pool = { nodes: [] };

  setNode(node: NodeObject): void {
    this.#descriptions.set(node.metadata.name, describeNode(node));
    this.#changed.add(node.metadata.name);
  }

  removeNode(name: string): void {
    this.#descriptions.delete(name);
    this.#changed.add(name);
  }

  /** The flavor of GPUs of a node; undefined when the resource is none. */
  flavorOf(node: string, resource: string): string | undefined {
    return this.#descriptions.get(node)?.gpus.find((gpus) => gpus.resource === resource)?.flavor;
  }

  /** From now on these are all the claims of the owner. */
  claim(owner: string, claims: readonly Claim[]): void {
    const before = this.#claims.get(owner) ?? [];
    if (equalJson(before, claims)) return;
    for (const claim of before) this.#take(claim, -1);
    for (const claim of claims) this.#take(claim, 1);
    if (claims.length === 0) this.#claims.delete(owner);
    else this.#claims.set(owner, claims);
  }

  /** Nodes that did not change since the last look are the same objects. */
  get view(): Pool {
    if (this.#changed.size === 0) return this.#view;
    for (const name of this.#changed) {
      const description = this.#descriptions.get(name);
      if (description === undefined || description.gpus.length === 0) this.#nodes.delete(name);
      else this.#nodes.set(name, withUse(description, this.#taken.get(name)));
    }
    this.#changed.clear();
    this.#view = { nodes: [...this.#nodes.values()] };
    return this.#view;
  }

  #take({ node, amounts, isLeaving = false }: Claim, sign: 1 | -1): void {
    let ofNode = this.#taken.get(node);
    if (ofNode === undefined) this.#taken.set(node, (ofNode = new Map()));
    for (const [resource, amount] of Object.entries(amounts)) {
      let taken = ofNode.get(resource);
      if (taken === undefined) ofNode.set(resource, (taken = { used: 0, leaving: 0 }));
      taken.used += sign * amount;
      if (isLeaving) taken.leaving += sign * amount;
      if (taken.used === 0) ofNode.delete(resource);
    }
    if (ofNode.size === 0) this.#taken.delete(node);
    this.#changed.add(node);
  }
}

function withUse(
  { node, gpus, allocatable }: NodeDescription,
  taken: ReadonlyMap<string, Taken> | undefined,
): PoolNode {
  const useOf = (resource: string) => {
    const { used = 0, leaving = 0 } = taken?.get(resource) ?? {};
    return { used, ...(leaving === 0 ? {} : { leaving }) };
  };
  return {
    ...node,
    gpus: gpus.map((some) => ({ ...some, ...useOf(some.resource) })),
    resources: Object.fromEntries(
      Object.entries(allocatable).map(([resource, amount]) => [
        resource,
        { allocatable: amount, ...useOf(resource) },
      ]),
    ),
  };
}
