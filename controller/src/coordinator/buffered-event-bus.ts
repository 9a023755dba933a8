import type { EventBus, EventFilter, EventSubscription, JobEvent } from './event-bus.js';
import { retryUntil } from './retry.js';

/** Events of one job that wait. */
const MOST_OF_JOB = 1000;
/** How long closing waits for events that are still on their way. */
const CLOSE_MS = 2000;

export interface BufferedEventBusOptions {
  /** Most events that wait; beyond that the oldest progress reports of a job go first. @default 10000 */
  readonly maxEvents?: number;
  /** Told of failed attempts and of events that were given up. */
  readonly onTrouble: (error: unknown) => void;
}

interface Waiting {
  readonly event: JobEvent;
  readonly settle: (error?: Error) => void;
}

/**
 * Keeps events while the bus behind it cannot take them, and sends those of one job one after the other, each until it
 * is stored: the bus recognises an event that it has already by its id. Jobs do not wait for each other.
 */
export class BufferedEventBus implements EventBus {
  /** Events that are not stored yet, the one being sent first, by job. */
  readonly #queues = new Map<string, Waiting[]>();
  readonly #sending = new Set<Promise<void>>();
  #waiting = 0;
  #closed = false;

  constructor(
    private readonly bus: EventBus,
    private readonly options: BufferedEventBusOptions,
  ) {}

  /** Resolves when the bus has the event; rejects only when it is given up. */
  publish(event: JobEvent): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the event bus is closed'));
    const key = `${event.namespace}/${event.job}`;
    return new Promise((resolve, reject) => {
      const settle = (error?: Error) => (error === undefined ? resolve() : reject(error));
      const queue = this.#queues.get(key);
      this.#waiting += 1;
      if (queue !== undefined) {
        queue.push({ event, settle });
        if (queue.length > MOST_OF_JOB) this.#drop(queue, Math.max(1, progressIn(queue)));
      }
      if (this.#waiting > (this.options.maxEvents ?? 10_000)) this.#makeRoom();
      if (queue !== undefined) return;
      const started = [{ event, settle }];
      this.#queues.set(key, started);
      const sending = this.#send(key, started).finally(() => this.#sending.delete(sending));
      this.#sending.add(sending);
    });
  }

  subscribe(filter: EventFilter, handler: (event: JobEvent) => Promise<void>): Promise<EventSubscription> {
    return this.bus.subscribe(filter, handler);
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([Promise.all(this.#sending), late]);
    clearTimeout(timer);
    this.#closed = true;
    await this.bus.close();
  }

  async #send(key: string, queue: Waiting[]): Promise<void> {
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      const { event, settle } = first;
      const sent = await retryUntil(
        () => this.bus.publish(event).then(() => true),
        () => this.#closed,
        this.options.onTrouble,
      );
      queue.shift();
      this.#waiting -= 1;
      settle(sent === true ? undefined : new Error(`event ${event.id} was not sent: the controller ended`));
    }
    this.#queues.delete(key);
  }

  /**
   * The job that has most waiting gives way, in the namespace that has most: many jobs of one team push out nothing of
   * others. A later report of progress says all that an earlier one does.
   */
  #makeRoom(): void {
    const waiting = new Map<string, number>();
    const queues = [...this.#queues].map(([key, queue]) => ({ namespace: key.split('/', 1).join(), queue }));
    for (const { namespace, queue } of queues)
      waiting.set(namespace, (waiting.get(namespace) ?? 0) + queue.length);
    const of = (namespace: string) => waiting.get(namespace) ?? 0;
    queues.sort((a, b) => of(b.namespace) - of(a.namespace) || b.queue.length - a.queue.length);
    const most = queues.find(({ queue }) => progressIn(queue) > 0)?.queue;
    if (most !== undefined) this.#drop(most, progressIn(most));
  }

  #drop(queue: Waiting[], at: number): void {
    const [dropped] = queue.splice(at, 1);
    if (dropped === undefined) return;
    this.#waiting -= 1;
    dropped.settle(new Error(`event ${dropped.event.id} was dropped: too many wait for the event bus`));
  }
}

/** Where the oldest report of progress stands that is not being sent; -1 = there is none. */
const progressIn = (queue: readonly Waiting[]) =>
  queue.findIndex(({ event }, index) => index > 0 && event.type === 'progress');
