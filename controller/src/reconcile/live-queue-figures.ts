import type { WaitingReason } from '../api/index.js';
import type { LentUse, Plan, QueueUse, Snapshot } from '../scheduling/index.js';
import { lentBy, quotaUses, useByQueue } from '../scheduling/index.js';
import type { PoolFlavor, QueueFigures } from './queue-figures.js';
import { figuresOfQueue, flavorsOfPool } from './queue-figures.js';

/** The figures of all queues as the newest cycle left them, and which of them it changed. */
export class LiveQueueFigures {
  #snapshot: Snapshot;
  #use: QueueUse = new Map();
  #pool: ReadonlyMap<string, PoolFlavor> = new Map();
  /** Queue and flavor to GPUs that are kept for waiting jobs. */
  #reserved = new Map<string, { readonly queue: string; readonly gpus: number }>();
  /** What was told last of the use of each queue. */
  #told = new Map<string, string>();
  #toldPool = '';
  readonly #changed = new Set<string>();
  #isCounted = false;

  /** @param reasonOf why a waiting job waits, as far as a cycle has said */
  constructor(
    snapshot: Snapshot,
    private readonly reasonOf: (key: string) => WaitingReason | undefined,
  ) {
    this.#snapshot = snapshot;
  }

  /** Undefined when there is no such queue, or before the first cycle: then nothing is known of nodes and use. */
  of(queue: string): QueueFigures | undefined {
    if (!this.#isCounted) return undefined;
    return figuresOfQueue(queue, {
      snapshot: this.#snapshot,
      use: this.#use,
      pool: this.#pool,
      reasonOf: this.reasonOf,
      reservedOf: (flavor) => this.#reserved.get(`${queue}/${flavor}`)?.gpus ?? 0,
    });
  }

  /** Of every queue, what it holds of each flavor. */
  *usage(): Generator<readonly [queue: string, usage: readonly LentUse[]]> {
    const { queues } = this.#snapshot;
    const lent = lentBy([...queues.values()], this.#use);
    for (const queue of queues.values()) {
      const uses = quotaUses(queue, this.#use);
      yield [queue.name, uses.map((use) => ({ ...use, lent: lent(queue, use.flavor) }))];
    }
  }

  get pool(): ReadonlyMap<string, PoolFlavor> {
    return this.#pool;
  }

  /** Jobs that wait in the queue, or why they do, changed. */
  touch(queue: string): void {
    this.#changed.add(queue);
  }

  /** What a cycle keeps for waiting jobs. `gangOf`: the queue of a job, and the GPUs of each of its workers. */
  reserve(
    { reservations }: Plan,
    gangOf: (key: string) => { readonly queue: string; readonly gpusPerWorker: number } | undefined,
  ): void {
    const old = this.#reserved;
    this.#reserved = new Map();
    for (const { key, flavor, nodes } of reservations) {
      const gang = gangOf(key);
      if (gang === undefined) continue;
      const { queue, gpusPerWorker } = gang;
      const share = `${queue}/${flavor}`;
      const gpus = (this.#reserved.get(share)?.gpus ?? 0) + nodes.length * gpusPerWorker;
      this.#reserved.set(share, { queue, gpus });
    }
    for (const [share, { queue }] of [...old, ...this.#reserved])
      if (old.get(share)?.gpus !== this.#reserved.get(share)?.gpus) this.touch(queue);
  }

  /** @returns the queues whose figures changed since the last time */
  renew(snapshot: Snapshot): readonly string[] {
    this.#snapshot = snapshot;
    this.#isCounted = true;
    const { queues, running, pool } = snapshot;
    this.#use = useByQueue(snapshot);
    this.#pool = flavorsOfPool(pool, queues.values());
    const toldPool = JSON.stringify([...this.#pool]);
    const told = new Map<string, string>();
    for (const queue of queues.values()) {
      const { name } = queue;
      const usage = quotaUses(queue, this.#use);
      const figures = JSON.stringify([running.countOf(name), usage]);
      told.set(name, figures);
      if (figures !== this.#told.get(name) || toldPool !== this.#toldPool) this.touch(name);
    }
    this.#told = told;
    this.#toldPool = toldPool;
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }
}
