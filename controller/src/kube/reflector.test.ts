import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { ApiError, ConnectionError, QuietWatchError } from '../errors.js';
import { Backoff } from './backoff.js';
import type { CacheEvent } from './cache.js';
import { FakeClock } from './fake-clock.js';
import type { ListOptions, ObjectList, WatchEvent, WatchOptions } from './request-options.js';
import { Reflector, type ReflectorOptions } from './reflector.js';
import type { KubeObject, Resource } from './resource.js';

const THINGS: Resource = { group: '', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };

interface Watcher {
  readonly from: number;
  sent: number;
  readonly emit: (event: WatchEvent<KubeObject>) => void;
  readonly end: (error?: Error) => void;
}

/** A collection with a history, as the API server keeps it, and the ways in which a real one lets a client down. */
class FakeServer {
  #version = 0;
  readonly objects = new Map<string, KubeObject>();
  #history: { readonly version: number; readonly event: WatchEvent<KubeObject> }[] = [];
  #watchers: Watcher[] = [];
  readonly #snapshots = new Map<number, readonly KubeObject[]>();
  /** Thrown by the next requests. */
  readonly troubles: Error[] = [];
  lists = 0;
  watches = 0;

  put(name: string): void {
    const version = ++this.#version;
    const known = this.objects.get(name);
    const object = {
      metadata: { name, uid: known?.metadata.uid ?? `${name}-${version}`, resourceVersion: String(version) },
    };
    this.objects.set(name, object);
    this.#record({ type: known === undefined ? 'ADDED' : 'MODIFIED', object });
  }

  remove(name: string): void {
    const known = this.objects.get(name);
    if (known === undefined) return;
    this.objects.delete(name);
    const version = String(++this.#version);
    this.#record({ type: 'DELETED', object: { metadata: { ...known.metadata, resourceVersion: version } } });
  }

  /** Forgets the history, so that a watch from before is refused. */
  compact(): void {
    this.#history = [];
    this.#version++;
    this.cut(new ConnectionError('reset'));
  }

  cut(error?: Error): void {
    for (const watcher of this.#watchers.splice(0)) watcher.end(error);
  }

  readonly client = {
    list: <T extends KubeObject>(_resource: Resource, options: ListOptions = {}): Promise<ObjectList<T>> => {
      this.lists++;
      const trouble = this.troubles.shift();
      if (trouble !== undefined) return Promise.reject(trouble);
      // Later pages are of the state of the first, as the continue token says.
      const [from, start] = (options.continue ?? `${this.#version}:0`).split(':').map(Number) as [
        number,
        number,
      ];
      const all = this.#snapshots.get(from) ?? [...this.objects.values()];
      this.#snapshots.set(from, all);
      const end = start + (options.limit ?? all.length);
      const metadata = {
        resourceVersion: String(from),
        ...(end < all.length ? { continue: `${from}:${end}` } : {}),
      };
      return Promise.resolve({ metadata, items: all.slice(start, end) as T[] });
    },
    watch: <T extends KubeObject>(
      _resource: Resource,
      options: WatchOptions,
      onEvent: (event: WatchEvent<T>) => void,
    ): Promise<void> => {
      this.watches++;
      const trouble = this.troubles.shift();
      if (trouble !== undefined) return Promise.reject(trouble);
      const from = Number(options.resourceVersion);
      const oldest = this.#history[0]?.version ?? this.#version + 1;
      if (from + 1 < oldest && from < this.#version)
        return Promise.reject(new ApiError('too old', 410, 'Expired'));
      return new Promise((resolve, reject) => {
        const watcher: Watcher = {
          from,
          sent: from,
          emit: (event) => onEvent(event as WatchEvent<T>),
          end: (error) => (error === undefined ? resolve() : reject(error)),
        };
        this.#watchers.push(watcher);
        this.#feed(watcher);
        options.signal?.addEventListener('abort', () => reject(new Error('aborted')));
      });
    },
  };

  #record(event: WatchEvent<KubeObject>): void {
    this.#history.push({ version: this.#version, event });
    for (const watcher of this.#watchers) this.#feed(watcher);
  }

  #feed(watcher: Watcher): void {
    for (const { version, event } of this.#history) {
      if (version <= watcher.sent) continue;
      watcher.sent = version;
      watcher.emit(event);
    }
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

const start = (server: FakeServer, more: Pick<ReflectorOptions<KubeObject>, 'accepts'> = {}) => {
  const reflector = new Reflector<KubeObject>(server.client, THINGS, {
    ...more,
    pageSize: 2,
    backoff: new Backoff({ baseMs: 0, maxMs: 0 }),
    indexers: { initial: ({ metadata }) => [metadata.name[0] ?? ''] },
  });
  reflector.start();
  return reflector;
};

async function caughtUp(server: FakeServer, reflector: Reflector<KubeObject>): Promise<void> {
  const state = () =>
    JSON.stringify(
      [...server.objects.values()]
        .map(({ metadata }) => [metadata.name, metadata.resourceVersion].join(':'))
        .sort(),
    );
  const cached = () =>
    JSON.stringify(
      reflector.cache
        .list()
        .map(({ metadata }) => [metadata.name, metadata.resourceVersion].join(':'))
        .sort(),
    );
  for (let i = 0; i < 2000 && (!reflector.hasSynced || state() !== cached()); i++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(cached()).toBe(state());
}

const name = fc.constantFrom('a1', 'a2', 'b1', 'b2', 'c1');
const change = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('put' as const), name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), name }) },
  fc.record({ do: fc.constant('cut' as const) }),
  fc.record({ do: fc.constant('end' as const) }),
  fc.record({ do: fc.constant('compact' as const) }),
  fc.record({ do: fc.constant('trouble' as const), status: fc.constantFrom(410, 429, 500, 503) }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pause' as const) }) },
);

describe('Reflector', () => {
  it('keeps what is accepted, of lists and of watches', async () => {
    const server = new FakeServer();
    for (const name of ['a1', 'b1']) server.put(name);
    const reflector = start(server, { accepts: ({ metadata }) => metadata.name.startsWith('a') });
    await reflector.synced();
    const names = () => reflector.cache.list().map(({ metadata }) => metadata.name);
    expect(names()).toEqual(['a1']);
    for (const name of ['b2', 'a2']) server.put(name);
    server.remove('b1');
    await vi.waitFor(() => expect(names()).toContain('a2'));
    expect(names()).toHaveLength(2);
    await reflector.stop();
  });

  it('ends up equal to the server whatever happens, and tells every change exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 40 }), async (changes) => {
        const server = new FakeServer();
        server.put('a1');
        server.put('b1');
        server.put('c1');
        const reflector = start(server);
        const told = new Map<string, string>();
        reflector.cache.subscribe(({ type, key, object, old }: CacheEvent<KubeObject>) => {
          const uid = object.metadata.uid ?? '';
          // A deletion only of what was told of, an addition only of what was not, a change only of the same object.
          expect(told.get(key)).toBe(
            type === 'added' ? undefined : type === 'deleted' ? old?.metadata.uid : uid,
          );
          if (type === 'deleted') told.delete(key);
          else told.set(key, uid);
        });
        for (const step of changes) {
          if (step.do === 'put') server.put(step.name);
          else if (step.do === 'remove') server.remove(step.name);
          else if (step.do === 'cut') server.cut(new ConnectionError('reset'));
          else if (step.do === 'end') server.cut();
          else if (step.do === 'compact') server.compact();
          else if (step.do === 'trouble') server.troubles.push(new ApiError('trouble', step.status, ''));
          else await settle();
        }
        server.troubles.length = 0;
        await caughtUp(server, reflector);
        expect([...told.keys()].sort()).toEqual([...server.objects.keys()].sort());
        const expected = [...server.objects.keys()].filter((key) => key.startsWith('a')).length;
        expect(reflector.cache.byIndex('initial', 'a')).toHaveLength(expected);
        await reflector.stop();
      }),
      { numRuns: 60 },
    );
  });

  it('goes on from where the watch was, without a list, after an error', async () => {
    const server = new FakeServer();
    server.put('a1');
    const reflector = start(server);
    await reflector.synced();
    await settle();
    const { lists } = server;
    server.put('a2');
    server.cut(new ConnectionError('reset'));
    server.put('b1');
    await caughtUp(server, reflector);
    expect(server.lists).toBe(lists);
    await reflector.stop();
  });

  it('comes back soon after a watch that stood long breaks, although nothing had happened', async () => {
    const server = new FakeServer();
    const clock = new FakeClock();
    const backoff = new Backoff({ baseMs: 1000, maxMs: 60_000, jitter: 0 });
    const reflector = new Reflector<KubeObject>(server.client, THINGS, { backoff, clock });
    reflector.start();
    await reflector.synced();
    for (let watches = 1; watches <= 5; watches++) {
      await settle();
      expect(server.watches).toBe(watches);
      clock.advance(60_000);
      server.cut(new ConnectionError('reset'));
      await settle();
      clock.advance(1000);
    }
    await reflector.stop();
  });

  it('begins a quiet watch again at once, without a list, a pause or a word', async () => {
    const server = new FakeServer();
    server.put('a1');
    const clock = new FakeClock();
    const errors: unknown[] = [];
    const reflector = new Reflector<KubeObject>(server.client, THINGS, {
      backoff: new Backoff({ baseMs: 60_000, maxMs: 60_000, jitter: 0 }),
      clock,
      onError: (error) => errors.push(error),
    });
    reflector.start();
    await reflector.synced();
    for (let watches = 1; watches <= 3; watches++) {
      await settle();
      expect(server.watches).toBe(watches);
      server.cut(new QuietWatchError('nothing heard for 150000 ms'));
    }
    server.put('a2');
    await caughtUp(server, reflector);
    expect(server.lists).toBe(1);
    expect(errors).toEqual([]);
    await reflector.stop();
  });

  it('lists again when the history is gone', async () => {
    const server = new FakeServer();
    server.put('a1');
    const reflector = start(server);
    await reflector.synced();
    await settle();
    server.remove('a1');
    server.put('b1');
    server.compact();
    await caughtUp(server, reflector);
    expect(reflector.cache.get('a1')).toBeUndefined();
    await reflector.stop();
  });
});
