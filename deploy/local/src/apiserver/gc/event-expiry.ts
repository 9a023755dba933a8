import type { ApiContext } from '../crud/api-context.js';

/** How long events are kept, in milliseconds: an hour, as in a real cluster. */
const lifetimeMilliseconds = 3_600_000;
const sweepMilliseconds = 60_000;

/** Removes old events: they are news, and there is no end of them. */
export class EventExpiry {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly context: ApiContext) {}

  resume(): void {
    this.timer = setInterval(() => this.sweep(), sweepMilliseconds);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  sweep(): void {
    const { store } = this.context;
    const oldest = this.context.now() - lifetimeMilliseconds;
    for (const { metadata } of store.bucket('/events').list(undefined)) {
      if (Date.parse(metadata.creationTimestamp) < oldest)
        store.remove('/events', metadata.namespace ?? '', metadata.name);
    }
  }
}
