import type { TokenBucket } from './token-bucket.js';

/** Says how long a key that failed has to wait before it is tried again. */
export interface RateLimiter {
  /** Milliseconds to wait; counts as one more failure of the key. */
  when(key: string): number;
  /** The key succeeded: its failures no longer count. */
  forget(key: string): void;
  failures(key: string): number;
}

/** 2^failures x base, per key; client-go's defaults are 5 ms and 1000 s. */
export class ExponentialRateLimiter implements RateLimiter {
  readonly #failures = new Map<string, number>();

  constructor(
    private readonly baseMs = 5,
    private readonly maxMs = 1_000_000,
  ) {}

  when(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return Math.min(this.maxMs, this.baseMs * 2 ** Math.min(failures, 60));
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }
}

/** One budget for all keys; client-go's default is 10 a second, 100 at once. */
export class BucketRateLimiter implements RateLimiter {
  constructor(private readonly bucket: TokenBucket) {}

  when(): number {
    return this.bucket.reserve();
  }

  forget(): void {}

  failures(): number {
    return 0;
  }
}

/** Budgets that are remembered; one that is forgotten begins anew, full. */
const MOST_BUDGETS = 10_000;

/** A budget for each group of keys. */
export class BucketsRateLimiter implements RateLimiter {
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(
    private readonly groupOf: (key: string) => string,
    private readonly make: () => TokenBucket,
  ) {}

  when(key: string): number {
    const group = this.groupOf(key);
    let bucket = this.#buckets.get(group);
    if (bucket === undefined) {
      bucket = this.make();
      const [oldest] = this.#buckets.keys();
      if (this.#buckets.size >= MOST_BUDGETS && oldest !== undefined) this.#buckets.delete(oldest);
      this.#buckets.set(group, bucket);
    }
    return bucket.reserve();
  }

  forget(): void {}

  failures(): number {
    return 0;
  }
}

/** The longest of several delays. */
export class MaxRateLimiter implements RateLimiter {
  constructor(private readonly limiters: readonly RateLimiter[]) {}

  when(key: string): number {
    return Math.max(0, ...this.limiters.map((limiter) => limiter.when(key)));
  }

  forget(key: string): void {
    for (const limiter of this.limiters) limiter.forget(key);
  }

  failures(key: string): number {
    return Math.max(0, ...this.limiters.map((limiter) => limiter.failures(key)));
  }
}
