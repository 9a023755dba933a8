import type { Clock } from './clock.js';
import { systemClock } from './clock.js';
import { FairLine, type Turn } from './fair-line.js';
import type { RateLimiter } from './rate-limiter.js';
import {
  BucketRateLimiter,
  BucketsRateLimiter,
  ExponentialRateLimiter,
  MaxRateLimiter,
} from './rate-limiter.js';
import { TokenBucket } from './token-bucket.js';

/** What a work queue reports, named as client-go's metrics of the same meaning. */
export interface WorkQueueObserver {
  added(): void;
  depthChanged(depth: number): void;
  /** Seconds that a key waited. */
  taken(queueSeconds: number): void;
  /** Seconds that its handling took. */
  done(workSeconds: number): void;
  retried(): void;
}

export interface WorkQueueOptions {
  readonly clock?: Clock;
  readonly rateLimiter?: RateLimiter;
  readonly observer?: WorkQueueObserver;
  /** For whom a key waits: tenants take turns, urgent keys go first. @default all wait in one line */
  readonly turnOf?: (key: string) => Turn;
}

const ONE_LINE: Turn = { tenant: '', isUrgent: false };

/** As {@link defaultRateLimiter}, with a budget for each tenant: the failures of one do not put off the others. */
export const rateLimiterByTenant = (tenantOf: (key: string) => string, clock: Clock): RateLimiter =>
  new MaxRateLimiter([
    new ExponentialRateLimiter(),
    new BucketsRateLimiter(tenantOf, () => new TokenBucket(10, 100, clock)),
  ]);

/** client-go's DefaultTypedControllerRateLimiter. */
export const defaultRateLimiter = (clock: Clock = systemClock): RateLimiter =>
  new MaxRateLimiter([new ExponentialRateLimiter(), new BucketRateLimiter(new TokenBucket(10, 100, clock))]);

/**
 * A queue of keys with the semantics of client-go: a key waits at most once, however often it is added; it is handed
 * to one worker at a time; added while it is handled, it is handed out again afterwards.
 */
export class WorkQueue {
  readonly #waiting = new FairLine();
  /** Needs handling: waiting, or added again while handled. */
  readonly #dirty = new Set<string>();
  readonly #processing = new Map<string, number>();
  readonly #addedAt = new Map<string, number>();
  readonly #delayed = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #drained: (() => void)[] = [];
  #closed = false;
  readonly #clock: Clock;
  readonly #limiter: RateLimiter;
  readonly #observer: WorkQueueObserver | undefined;
  readonly #turnOf: (key: string) => Turn;

  constructor(options: WorkQueueOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#limiter = options.rateLimiter ?? defaultRateLimiter(this.#clock);
    this.#observer = options.observer;
    this.#turnOf = options.turnOf ?? (() => ONE_LINE);
  }

  /** Keys that wait for their turn now, without delayed ones. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** Seconds for which keys are being handled: the sum and the longest. */
  get unfinished(): { readonly sum: number; readonly longest: number } {
    const now = this.#clock.monotonic();
    let sum = 0;
    let longest = 0;
    for (const started of this.#processing.values()) {
      const seconds = (now - started) / 1000;
      sum += seconds;
      longest = Math.max(longest, seconds);
    }
    return { sum, longest };
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#dirty.has(key)) {
      // It may have become urgent since.
      if (!this.#processing.has(key)) this.#waiting.add(key, this.#turnOf(key));
      return;
    }
    this.#observer?.added();
    this.#dirty.add(key);
    if (!this.#processing.has(key)) this.#enqueue(key);
  }

  /** Adds the key after a delay; of several delays of a key the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) return this.add(key);
    const at = this.#clock.monotonic() + ms;
    const known = this.#delayed.get(key);
    if (known !== undefined && known.at <= at) return;
    known?.cancel();
    const cancel = this.#clock.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, cancel });
  }

  /** Adds the key again after a failure, later each time. */
  addRateLimited(key: string): void {
    this.#observer?.retried();
    this.addAfter(key, this.#limiter.when(key));
  }

  /** The key succeeded: its next failure waits as briefly as the first. */
  forget(key: string): void {
    this.#limiter.forget(key);
  }

  failures(key: string): number {
    return this.#limiter.failures(key);
  }

  /** The next key; undefined when the queue is shut down and empty. Call {@link done} when it is handled. */
  take(): Promise<string | undefined> {
    const next = this.#waiting.take();
    if (next !== undefined) return Promise.resolve(this.#start(next));
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: string): void {
    const started = this.#processing.get(key);
    if (started === undefined) return;
    this.#processing.delete(key);
    this.#observer?.done((this.#clock.monotonic() - started) / 1000);
    if (this.#dirty.has(key)) this.#enqueue(key);
    this.#settle();
  }

  /** Takes no more keys and drops delayed ones; what waits is still handed out. Resolves when all is handled. */
  shutDown(): Promise<void> {
    this.#closed = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
    return new Promise((resolve) => {
      this.#drained.push(resolve);
      this.#settle();
    });
  }

  #enqueue(key: string): void {
    this.#addedAt.set(key, this.#clock.monotonic());
    const taker = this.#takers.shift();
    this.#waiting.add(key, this.#turnOf(key));
    this.#observer?.depthChanged(this.#waiting.size);
    if (taker !== undefined) taker(this.#start(key));
  }

  #start(key: string): string {
    this.#waiting.delete(key);
    this.#dirty.delete(key);
    const now = this.#clock.monotonic();
    this.#processing.set(key, now);
    this.#observer?.depthChanged(this.#waiting.size);
    this.#observer?.taken((now - (this.#addedAt.get(key) ?? now)) / 1000);
    this.#addedAt.delete(key);
    return key;
  }

  #settle(): void {
    if (!this.#closed || this.#processing.size > 0 || this.#waiting.size > 0) return;
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}

/**
 * Handles keys with so many workers until the queue is shut down. A failed key comes back later; `onError` hears of it.
 * @param handle resolves with milliseconds after which to look at the key again, or undefined
 */
export async function runWorkers(
  queue: WorkQueue,
  workers: number,
  handle: (key: string) => Promise<number | undefined>,
  onError: (key: string, error: unknown) => void,
): Promise<void> {
  const work = async () => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      try {
        const again = await handle(key);
        queue.forget(key);
        if (again !== undefined) queue.addAfter(key, again);
      } catch (error) {
        onError(key, error);
        queue.addRateLimited(key);
      } finally {
        queue.done(key);
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
}
