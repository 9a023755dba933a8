import type { GpuQueue, GpuQueueStatus } from '../api/index.js';
import { API_VERSION, GPU_QUEUE_KIND, QUEUE_RESOURCE } from '../api/index.js';
import type { Clock, EventRecorder, KubeClient } from '../kube/index.js';
import { equalJson, ReadYourWrites } from '../kube/index.js';
import type { Caches } from './caches.js';
import { rfc3339 } from './next-status.js';
import { queueConditions } from './queue-conditions.js';
import { queueEvents } from './queue-events.js';
import type { FlavorFigures, QueueFigures } from './queue-figures.js';
import { soundQueue } from './stored-object.js';

const STATUS_MANAGER = 'tuneyard-queue-status';
/** The status of a queue changes with every job of it: it is written this often at most, less often where queues are many. */
const INTERVAL_MS_PER_QUEUE = 100;
const LEAST_INTERVAL_MS = 1000;
const MOST_INTERVAL_MS = 15_000;
/** As many entries as the status may hold. */
const MOST_FLAVORS = 32;

export interface QueueReconcilerOptions {
  readonly client: Pick<KubeClient, 'apply'>;
  readonly queues: Pick<Caches['queues'], 'cache'>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  /** What the newest scheduling cycle knows of a queue; undefined when none has seen it yet. */
  readonly figures: (queue: string) => QueueFigures | undefined;
}

/** Keeps the status of a GpuQueue equal to what the scheduler counts of it. */
export class QueueReconciler {
  readonly #written = new ReadYourWrites<GpuQueue>();
  readonly #writtenAt = new Map<string, number>();

  constructor(private readonly options: QueueReconcilerOptions) {}

  /** @returns milliseconds after which to look again, when it is too early to write what changed */
  async reconcile(name: string): Promise<number | undefined> {
    const { client, queues, events, clock, figures } = this.options;
    const queue = this.#written.newest(name, queues.cache.get(name));
    if (queue === undefined || queue.metadata.deletionTimestamp !== undefined) {
      this.#writtenAt.delete(name);
      return undefined;
    }
    const since = clock.monotonic() - (this.#writtenAt.get(name) ?? Number.NEGATIVE_INFINITY);
    const wanted = queues.cache.size * INTERVAL_MS_PER_QUEUE;
    const interval = Math.min(MOST_INTERVAL_MS, Math.max(LEAST_INTERVAL_MS, wanted));
    if (since < interval) return interval - since;
    const known = figures(name);
    // The cycle that sees these quotas comes, and tells.
    if (known === undefined || !isOfQuotas(queue, known)) return undefined;
    const status = statusOf(queue, known, rfc3339(clock.now()));
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
    for (const { type, reason, message } of queueEvents(queue, status))
      events.record({ ...stored, apiVersion: API_VERSION, kind: GPU_QUEUE_KIND }, type, reason, message);
    return undefined;
  }
}

function isOfQuotas({ spec: { quotas } }: GpuQueue, { usage }: QueueFigures): boolean {
  return usage.every(({ flavor, nominal }, index) => {
    const quota = quotas[index] ?? { flavor, nominal: 0 };
    return quota.flavor === flavor && quota.nominal === nominal;
  });
}

function statusOf(queue: GpuQueue, figures: QueueFigures, now: string): GpuQueueStatus {
  const { admittedJobs, pendingJobs, inadmissibleJobs, pool } = figures;
  const usage = figures.usage.slice(0, MOST_FLAVORS).map((flavor) => ({ ...flavor }));
  return {
    conditions: queueConditions(queue, pool, now),
    observedGeneration: queue.metadata.generation ?? 0,
    pendingJobs,
    inadmissibleJobs,
    admittedJobs,
    usage,
    summary: usage.map(summaryOf).join(', ').slice(0, 256),
  };
}

/** Such as `H100 4/8 (2 ending)`. */
const summaryOf = ({ flavor, used, nominal, ending }: FlavorFigures) =>
  `${flavor} ${used}/${nominal}${ending === 0 ? '' : ` (${ending} ending)`}`;
