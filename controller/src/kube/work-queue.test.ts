import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from './fake-clock.js';
import { ExponentialRateLimiter } from './rate-limiter.js';
import { runWorkers, WorkQueue } from './work-queue.js';

const KEYS = ['a', 'b', 'c'] as const;
type Key = (typeof KEYS)[number];

/** client-go's queue in its plainest form: lists and sets, no promises, no timers. */
class Model {
  waiting: Key[] = [];
  dirty = new Set<Key>();
  processing = new Set<Key>();
  delayed = new Map<Key, number>();
  now = 0;
  readonly failures = new Map<Key, number>();

  add(key: Key): void {
    if (this.dirty.has(key)) return;
    this.dirty.add(key);
    if (!this.processing.has(key)) this.waiting.push(key);
  }

  addAfter(key: Key, ms: number): void {
    if (ms <= 0) return this.add(key);
    const at = this.now + ms;
    if ((this.delayed.get(key) ?? Number.POSITIVE_INFINITY) <= at) return;
    // Of two keys that are due at the same instant, the one whose delay was set first comes first.
    this.delayed.delete(key);
    this.delayed.set(key, at);
  }

  addRateLimited(key: Key): void {
    const failures = this.failures.get(key) ?? 0;
    this.failures.set(key, failures + 1);
    this.addAfter(key, 5 * 2 ** failures);
  }

  advance(ms: number): void {
    this.now += ms;
    const due = [...this.delayed].filter(([, at]) => at <= this.now).sort(([, a], [, b]) => a - b);
    for (const [key] of due) {
      this.delayed.delete(key);
      this.add(key);
    }
  }

  take(): Key | undefined {
    const key = this.waiting.shift();
    if (key === undefined) return undefined;
    this.dirty.delete(key);
    this.processing.add(key);
    return key;
  }

  done(key: Key): void {
    if (!this.processing.delete(key)) return;
    if (this.dirty.has(key)) this.waiting.push(key);
  }
}

const key = fc.constantFrom(...KEYS);
const operation = fc.oneof(
  fc.record({ do: fc.constant('add' as const), key }),
  fc.record({ do: fc.constant('addAfter' as const), key, ms: fc.integer({ min: 0, max: 50 }) }),
  fc.record({ do: fc.constant('addRateLimited' as const), key }),
  fc.record({ do: fc.constant('forget' as const), key }),
  fc.record({ do: fc.constant('take' as const) }),
  fc.record({ do: fc.constant('done' as const), key }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 60 }) }),
);

describe('WorkQueue', () => {
  it('behaves as its model under any sequence of operations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
        const clock = new FakeClock(0);
        const queue = new WorkQueue({ clock, rateLimiter: new ExponentialRateLimiter(5, 1_000_000) });
        const model = new Model();
        for (const step of operations) {
          if (step.do === 'add') {
            queue.add(step.key);
            model.add(step.key);
          } else if (step.do === 'addAfter') {
            queue.addAfter(step.key, step.ms);
            model.addAfter(step.key, step.ms);
          } else if (step.do === 'addRateLimited') {
            queue.addRateLimited(step.key);
            model.addRateLimited(step.key);
          } else if (step.do === 'forget') {
            queue.forget(step.key);
            model.failures.delete(step.key);
          } else if (step.do === 'done') {
            queue.done(step.key);
            model.done(step.key);
          } else if (step.do === 'advance') {
            clock.advance(step.ms);
            model.advance(step.ms);
          } else if (queue.depth > 0) {
            expect(await queue.take()).toBe(model.take());
          }
          expect(queue.depth).toBe(model.waiting.length);
          for (const known of KEYS) expect(queue.failures(known)).toBe(model.failures.get(known) ?? 0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never hands one key to two workers, and loses none', async () => {
    const queue = new WorkQueue({ rateLimiter: new ExponentialRateLimiter(1, 5) });
    const active = new Set<string>();
    const handled = new Map<string, number>();
    const running = runWorkers(
      queue,
      4,
      async (name) => {
        expect(active.has(name)).toBe(false);
        active.add(name);
        await new Promise((resolve) => setImmediate(resolve));
        active.delete(name);
        const times = (handled.get(name) ?? 0) + 1;
        handled.set(name, times);
        if (times % 3 === 1) throw new Error('again');
        return undefined;
      },
      () => {},
    );
    for (let i = 0; i < 200; i++) {
      queue.add(`key-${i % 10}`);
      if (i % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    while (queue.depth > 0 || [...Array(10).keys()].some((i) => queue.failures(`key-${i}`) > 0)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await queue.shutDown();
    await running;
    expect(handled.size).toBe(10);
  });

  it('drains: what waits is handled, what is delayed is dropped, nothing new is taken', async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock });
    queue.add('waits');
    queue.addAfter('later', 10);
    const drained = queue.shutDown();
    queue.add('new');
    clock.advance(100);
    expect(await queue.take()).toBe('waits');
    expect(await queue.take()).toBeUndefined();
    queue.done('waits');
    await drained;
  });

  it('reports what client-go reports', async () => {
    const clock = new FakeClock();
    const seen: string[] = [];
    const queue = new WorkQueue({
      clock,
      observer: {
        added: () => seen.push('added'),
        depthChanged: (depth) => seen.push(`depth ${depth}`),
        taken: (seconds) => seen.push(`waited ${seconds}`),
        done: (seconds) => seen.push(`worked ${seconds}`),
        retried: () => seen.push('retried'),
      },
    });
    queue.add('a');
    queue.add('a');
    clock.advance(2000);
    await queue.take();
    clock.advance(3000);
    expect(queue.unfinished).toEqual({ sum: 3, longest: 3 });
    queue.addRateLimited('a');
    queue.done('a');
    expect(seen).toEqual(['added', 'depth 1', 'depth 0', 'waited 2', 'retried', 'worked 3']);
  });
});
