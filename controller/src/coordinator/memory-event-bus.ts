import type { EventBus, EventFilter, EventSubscription, JobEvent } from './event-bus.js';

const MAX_HELD_EVENTS = 10_000;
/** Of one job: what one job tells does not push out what others do. */
const MAX_HELD_OF_JOB = 1000;
const RETRY_DELAY_MS = 100;

/** For local mode and tests: holds the newest events of this process. */
export class MemoryEventBus implements EventBus {
  /** By position, oldest first; where one was dropped before its time is a gap. */
  readonly #held = new Map<number, JobEvent>();
  /** Position of the next event. */
  #next = 0;
  /** Job to the positions of its events, oldest first. */
  readonly #ofJob = new Map<string, number[]>();
  readonly #ids = new Set<string>();
  readonly #positions = new Map<string, number>();
  readonly #deliveries = new Set<Delivery>();

  publish(event: JobEvent): Promise<void> {
    if (!this.#ids.has(event.id)) {
      this.#ids.add(event.id);
      const positions = this.#positionsOf(event);
      this.#held.set(this.#next, structuredClone(event));
      positions.push(this.#next);
      this.#next += 1;
      if (positions.length > MAX_HELD_OF_JOB) this.#drop(positions[0]);
      const [oldest] = this.#held.keys();
      if (this.#held.size > MAX_HELD_EVENTS) this.#drop(oldest);
      for (const delivery of this.#deliveries) delivery.wake();
    }
    return Promise.resolve();
  }

  #positionsOf({ namespace, job }: JobEvent): number[] {
    const key = `${namespace}/${job}`;
    const known = this.#ofJob.get(key) ?? [];
    this.#ofJob.set(key, known);
    return known;
  }

  /** The oldest of all, or of its job: of its job it is the first in any case. */
  #drop(position: number | undefined): void {
    const event = position === undefined ? undefined : this.#held.get(position);
    if (position === undefined || event === undefined) return;
    this.#held.delete(position);
    this.#ids.delete(event.id);
    const positions = this.#positionsOf(event);
    positions.shift();
    if (positions.length === 0) this.#ofJob.delete(`${event.namespace}/${event.job}`);
  }

  subscribe(filter: EventFilter, handler: (event: JobEvent) => Promise<void>): Promise<EventSubscription> {
    const start = filter.from === 'beginning' ? 0 : this.#next;
    const remembered = filter.durable === undefined ? undefined : this.#positions.get(filter.durable);
    const delivery = new Delivery(remembered ?? start, handler, (position) => {
      const [oldest = this.#next] = this.#held.keys();
      for (let at = Math.max(position, oldest); at < this.#next; at++) {
        const event = this.#held.get(at);
        if (event !== undefined && matches(event, filter)) return { event, next: at + 1 };
      }
      return undefined;
    });
    delivery.onPosition = (position) => {
      if (filter.durable !== undefined) this.#positions.set(filter.durable, position);
    };
    delivery.onPosition(remembered ?? start);
    this.#deliveries.add(delivery);
    delivery.wake();
    return Promise.resolve({
      close: () => {
        this.#deliveries.delete(delivery);
        return delivery.close();
      },
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#deliveries].map((delivery) => delivery.close()));
    this.#deliveries.clear();
  }
}

function matches(event: JobEvent, filter: EventFilter): boolean {
  return (
    (filter.namespace === undefined || filter.namespace === event.namespace) &&
    (filter.job === undefined || filter.job === event.job)
  );
}

/** One subscription's loop: one event at a time, again after a rejection. */
class Delivery {
  onPosition: (position: number) => void = () => {};
  #running: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private position: number,
    private readonly handler: (event: JobEvent) => Promise<void>,
    private readonly find: (position: number) => { event: JobEvent; next: number } | undefined,
  ) {}

  wake(): void {
    if (this.#closed || this.#running !== undefined || this.#retry !== undefined) return;
    this.#running = this.#deliver().finally(() => {
      this.#running = undefined;
      if (this.find(this.position) !== undefined) this.wake();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#running;
  }

  async #deliver(): Promise<void> {
    for (;;) {
      const found = this.#closed ? undefined : this.find(this.position);
      if (found === undefined) return;
      try {
        await this.handler(structuredClone(found.event));
      } catch {
        this.#retry = setTimeout(() => {
          this.#retry = undefined;
          this.wake();
        }, RETRY_DELAY_MS);
        return;
      }
      this.position = found.next;
      this.onPosition(this.position);
    }
  }
}
