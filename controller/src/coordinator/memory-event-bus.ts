import type { EventBus, EventFilter, EventSubscription, JobEvent } from './event-bus.js';

const MAX_HELD_EVENTS = 10_000;
const RETRY_DELAY_MS = 100;

/** For local mode and tests: holds the newest events of this process. */
export class MemoryEventBus implements EventBus {
  #events: JobEvent[] = [];
  /** Number of events dropped from the front of the list. */
  #dropped = 0;
  readonly #ids = new Set<string>();
  readonly #positions = new Map<string, number>();
  readonly #deliveries = new Set<Delivery>();

  publish(event: JobEvent): Promise<void> {
    if (!this.#ids.has(event.id)) {
      this.#ids.add(event.id);
      this.#events.push(structuredClone(event));
      if (this.#events.length > MAX_HELD_EVENTS) {
        const removed = this.#events.splice(0, this.#events.length - MAX_HELD_EVENTS);
        this.#dropped += removed.length;
        for (const { id } of removed) this.#ids.delete(id);
      }
      for (const delivery of this.#deliveries) delivery.wake();
    }
    return Promise.resolve();
  }

  subscribe(filter: EventFilter, handler: (event: JobEvent) => Promise<void>): Promise<EventSubscription> {
    const end = this.#dropped + this.#events.length;
    const start = filter.from === 'beginning' ? 0 : end;
    const remembered = filter.durable === undefined ? undefined : this.#positions.get(filter.durable);
    const delivery = new Delivery(remembered ?? start, handler, (position) => {
      for (let at = Math.max(position, this.#dropped); ; at++) {
        const event = this.#events[at - this.#dropped];
        if (event === undefined) return undefined;
        if (matches(event, filter)) return { event, next: at + 1 };
      }
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
