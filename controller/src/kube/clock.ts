/** Time as logic sees it, so that tests can move it. */
export interface Clock {
  /** Milliseconds of a clock that never goes back and also counts while the process is stopped. */
  monotonic(): number;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `fire` once after `ms`; returns the function that cancels it. */
  after(ms: number, fire: () => void): () => void;
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  now: () => Date.now(),
  after: (ms, fire) => {
    const timer = setTimeout(fire, ms);
    return () => clearTimeout(timer);
  },
};

/** Waits; resolves early, without an error, when the signal aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
