import type { FineTuneJob, GpuQueue, GpuQueueStatus } from '../api/index.js';
import { API_VERSION, GPU_QUEUE_KIND, isTrue, QUEUE_RESOURCE } from '../api/index.js';
import type { Clock, KubeClient } from '../kube/index.js';
import { equalJson, ReadYourWrites } from '../kube/index.js';
import type { Caches } from './caches.js';
import { BY_QUEUE } from './caches.js';
import { rfc3339 } from './next-status.js';
import { queueProblem, soundQueue } from './stored-object.js';
import type { Resolved } from './resolve-cached.js';

const STATUS_MANAGER = 'tuneyard-queue-status';
/** The status of a queue changes with every job of it: it is written this often at most, less often where queues are many. */
const INTERVAL_MS_PER_QUEUE = 100;
const LEAST_INTERVAL_MS = 1000;
const MOST_INTERVAL_MS = 15_000;

export interface QueueReconcilerOptions {
  readonly client: Pick<KubeClient, 'apply'>;
  readonly caches: { readonly [K in 'jobs' | 'queues']: Pick<Caches[K], 'cache'> };
  readonly clock: Clock;
  readonly resolve: (job: FineTuneJob) => Resolved;
  /** GPUs of a flavor that the scheduler keeps for the queue's waiting jobs. */
  readonly reserved: (queue: string, flavor: string) => number;
}

/** Keeps the status of a GpuQueue equal to what its jobs use and want. */
export class QueueReconciler {
  readonly #written = new ReadYourWrites<GpuQueue>();
  readonly #writtenAt = new Map<string, number>();

  constructor(private readonly options: QueueReconcilerOptions) {}

  /** @returns milliseconds after which to look again, when it is too early to write what changed */
  async reconcile(name: string): Promise<number | undefined> {
    const { client, caches, clock } = this.options;
    const queue = this.#written.newest(name, caches.queues.cache.get(name));
    if (queue === undefined || queue.metadata.deletionTimestamp !== undefined) {
      this.#writtenAt.delete(name);
      return undefined;
    }
    const since = clock.monotonic() - (this.#writtenAt.get(name) ?? Number.NEGATIVE_INFINITY);
    const wanted = caches.queues.cache.size * INTERVAL_MS_PER_QUEUE;
    const interval = Math.min(MOST_INTERVAL_MS, Math.max(LEAST_INTERVAL_MS, wanted));
    if (since < interval) return interval - since;
    const status = this.#statusOf(queue);
    if (equalJson(queue.status ?? {}, status)) return undefined;
    const stored = await client.apply<GpuQueue>(
      QUEUE_RESOURCE,
      {
        apiVersion: API_VERSION,
        kind: GPU_QUEUE_KIND,
        metadata: { name, uid: queue.metadata.uid },
        status,
      } as GpuQueue,
      { fieldManager: STATUS_MANAGER, subresource: 'status' },
    );
    this.#written.wrote(name, soundQueue(stored));
    this.#writtenAt.set(name, clock.monotonic());
    return undefined;
  }

  #statusOf(queue: GpuQueue): GpuQueueStatus {
    const { name, generation = 0 } = queue.metadata;
    const used = new Map<string, number>();
    const pending = new Map<string, number>();
    let pendingJobs = 0;
    let admittedJobs = 0;
    for (const job of this.options.caches.jobs.cache.byIndex(BY_QUEUE, name)) {
      const { conditions, placement } = job.status ?? {};
      if (isTrue(conditions, 'Complete') || isTrue(conditions, 'Failed')) continue;
      if (!isTrue(conditions, 'Admitted') || placement === undefined) {
        pendingJobs++;
        this.#countPending(queue, job, pending);
        continue;
      }
      admittedJobs++;
      const resolved = this.options.resolve(job);
      const each = placement.gpusPerWorker ?? ('invalid' in resolved ? 1 : resolved.workers.gpusPerWorker);
      const gpus = placement.nodes.length * each;
      used.set(placement.flavor, (used.get(placement.flavor) ?? 0) + gpus);
    }
    const usage = queue.spec.quotas.map(({ flavor, nominal }) => {
      const taken = used.get(flavor) ?? 0;
      return {
        flavor,
        nominal,
        used: taken,
        borrowed: Math.max(0, taken - nominal),
        pending: pending.get(flavor) ?? 0,
        reserved: this.options.reserved(name, flavor),
      };
    });
    const problem = queueProblem(queue);
    const active = queue.spec.stopPolicy === 'none' && problem === undefined;
    const before = queue.status?.conditions?.find(({ type }) => type === 'Active');
    const value = active ? 'True' : 'False';
    return {
      conditions: [
        {
          type: 'Active',
          status: value,
          reason: active ? 'Ready' : 'Stopped',
          message: problem ?? (active ? 'jobs are admitted' : `stopPolicy is ${queue.spec.stopPolicy}`),
          lastTransitionTime:
            before?.status === value ? before.lastTransitionTime : rfc3339(this.options.clock.now()),
          observedGeneration: generation,
        },
      ],
      observedGeneration: generation,
      pendingJobs,
      admittedJobs,
      usage,
      summary: usage
        .map(({ flavor, used: taken, nominal }) => `${flavor} ${taken}/${nominal}`)
        .join(', ')
        .slice(0, 256),
    };
  }

  #countPending(queue: GpuQueue, job: FineTuneJob, pending: Map<string, number>): void {
    const resolved = this.options.resolve(job);
    if ('invalid' in resolved) return;
    const { min, gpusPerWorker, flavors } = resolved.workers;
    const flavor = flavors?.[0] ?? queue.spec.quotas[0]?.flavor;
    if (flavor !== undefined) pending.set(flavor, (pending.get(flavor) ?? 0) + min * gpusPerWorker);
  }
}
