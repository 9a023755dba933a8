export interface BackoffOptions {
  /** First delay in milliseconds. @default 800 */
  readonly baseMs?: number;
  /** Longest delay in milliseconds, before jitter. @default 30000 */
  readonly maxMs?: number;
  /** Up to this share is added at random. @default 1 */
  readonly jitter?: number;
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: () => number;
}

/** Exponential delays with jitter, so that many clients do not come back at once. */
export class Backoff {
  #attempts = 0;
  readonly #options: Required<BackoffOptions>;

  constructor(options: BackoffOptions = {}) {
    this.#options = { baseMs: 800, maxMs: 30_000, jitter: 1, random: Math.random, ...options };
  }

  /** Milliseconds until the next try. */
  next(): number {
    const { baseMs, maxMs, jitter, random } = this.#options;
    const delay = Math.min(maxMs, baseMs * 2 ** Math.min(this.#attempts++, 30));
    return delay * (1 + jitter * random());
  }

  reset(): void {
    this.#attempts = 0;
  }
}
