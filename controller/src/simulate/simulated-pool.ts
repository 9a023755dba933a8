import type { Pool, PoolNode } from '../pool/index.js';

export const FLAVOR = 'GPU';
export const RESOURCE = 'nvidia.com/gpu';

/** A pool of equal nodes; a node's object is made anew only when its use changes. */
export class SimulatedPool {
  readonly #nodes: PoolNode[] = [];
  readonly #index = new Map<string, number>();
  readonly #used: number[] = [];
  #taken = 0;

  constructor(
    nodes: number,
    private readonly gpusPerNode: number,
  ) {
    for (let i = 0; i < nodes; i++) {
      const name = `node-${i}`;
      this.#index.set(name, i);
      this.#used.push(0);
      this.#nodes.push(makeNode(name, gpusPerNode, 0));
    }
  }

  get view(): Pool {
    return { nodes: this.#nodes };
  }

  get total(): number {
    return this.#nodes.length * this.gpusPerNode;
  }

  get taken(): number {
    return this.#taken;
  }

  /** @param gpus taken on each of the nodes; less than 0 gives them back */
  take(nodes: readonly string[], gpus: number): void {
    for (const name of nodes) {
      const index = this.#index.get(name) as number;
      const used = (this.#used[index] as number) + gpus;
      if (used < 0 || used > this.gpusPerNode) throw new RangeError(`${used} GPUs are in use on ${name}`);
      this.#used[index] = used;
      this.#nodes[index] = makeNode(name, this.gpusPerNode, used);
    }
    this.#taken += gpus * nodes.length;
  }
}

const makeNode = (name: string, allocatable: number, used: number): PoolNode => ({
  name,
  labels: {},
  taints: [],
  gpus: [{ flavor: FLAVOR, resource: RESOURCE, allocatable, used }],
  unavailable: undefined,
  domains: { node: name, nvlink: name, rack: '', zone: '' },
});
