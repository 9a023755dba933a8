import { ApiError, QuietWatchError } from '../errors.js';
import { Backoff } from './backoff.js';
import type { Indexer, ReadonlyCache } from './cache.js';
import { Cache } from './cache.js';
import type { Clock } from './clock.js';
import { sleep, systemClock } from './clock.js';
import type { KubeClient } from './kube-client.js';
import type { ListOptions, WatchEvent } from './request-options.js';
import type { KubeObject, Resource } from './resource.js';
import { keyOf } from './resource.js';

export interface ReflectorOptions<T extends KubeObject> {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  /** Objects that are kept; what it says of an object never changes. @default all */
  readonly accepts?: ((object: T) => boolean) | undefined;
  /** What is kept of an object, such as without managedFields. */
  readonly transform?: (object: T) => T;
  /** Objects of one page of a list. @default 500 */
  readonly pageSize?: number;
  /** A watch that is silent for this long is begun again where it was, lest its connection is dead. @default 150000 */
  readonly stallMs?: number;
  /** Seconds after which the server may end a watch; up to as much again is added at random. @default 300 */
  readonly watchSeconds?: number;
  readonly backoff?: Backoff;
  readonly clock?: Clock;
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: () => number;
  /** Told of an object that could not be taken as it is: by the transform, an indexer or a listener. */
  readonly onFault?: (key: string, error: unknown) => void;
  /** Told why the reflector starts again; it goes on by itself. */
  readonly onError?: (error: unknown) => void;
  readonly onStart?: (what: 'list' | 'watch') => void;
}

/** A watch that stood for so long was no failure, even if nothing happened meanwhile. */
const STEADY_MS = 10_000;

type KubeListClient = Pick<KubeClient, 'list' | 'watch'>;

/**
 * Keeps a {@link Cache} equal to what the API server holds: lists in pages, watches from there with bookmarks, and
 * starts again, with growing delays, whatever happens. During a relist the cache keeps what it had, and then changes
 * by the differences, so that a listener neither misses a deletion nor sees a deleted object again.
 */
export class Reflector<T extends KubeObject> {
  readonly #cache: Cache<T>;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #synced = false;
  #whenSynced: (() => void)[] = [];

  constructor(
    private readonly client: KubeListClient,
    readonly resource: Resource,
    private readonly options: ReflectorOptions<T> = {},
  ) {
    this.#cache = new Cache(options.indexers, options.onFault);
    this.#clock = options.clock ?? systemClock;
    this.#backoff = options.backoff ?? new Backoff();
  }

  get cache(): ReadonlyCache<T> {
    return this.#cache;
  }

  /** Whether the first list is in the cache. */
  get hasSynced(): boolean {
    return this.#synced;
  }

  /** Resolves once {@link hasSynced} holds. */
  synced(): Promise<void> {
    if (this.#synced) return Promise.resolve();
    return new Promise((resolve) => this.#whenSynced.push(resolve));
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the watch and waits for it to be gone. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let version: string | undefined;
    let expiredLast = false;
    while (!signal.aborted) {
      try {
        version ??= await this.#list();
        version = await this.#watch(version);
        this.#backoff.reset();
        expiredLast = false;
      } catch (error) {
        if (signal.aborted) return;
        const failure = error instanceof WatchFailure ? error : new WatchFailure(error, undefined);
        // What the watch had already delivered is in the cache, so the next one goes on behind it.
        const expired = isExpired(failure.error);
        version = expired ? undefined : (failure.version ?? version);
        this.options.onError?.(failure.error);
        if (failure.progressed) this.#backoff.reset();
        const asked = failure.error instanceof ApiError ? (failure.error.retryAfterMs ?? 0) : 0;
        // History that is gone comes back by a list at once; only a server that says so again is given time.
        const pause = expired && !expiredLast ? 0 : this.#backoff.next();
        expiredLast = expired;
        await sleep(this.#clock, Math.max(asked, pause), signal);
      }
    }
  }

  /** Lists all pages and makes the cache equal. @returns the resource version of the list */
  async #list(): Promise<string> {
    this.options.onStart?.('list');
    const items: T[] = [];
    let token: string | undefined;
    let version: string | undefined;
    do {
      const query: ListOptions = {
        namespace: this.options.namespace,
        labelSelector: this.options.labelSelector,
        fieldSelector: this.options.fieldSelector,
        limit: this.options.pageSize ?? 500,
        continue: token,
        signal: this.#stop.signal,
      };
      // Without a resource version the server answers from a quorum, so a relist never goes back in time. An expired
      // continue token fails as 410, which begins a new list.
      const page = await this.client.list<T>(this.resource, query);
      for (const item of page.items) if (this.#accepts(item)) items.push(this.#kept(item));
      token = page.metadata.continue === '' ? undefined : page.metadata.continue;
      // All pages show the state of the first.
      version ??= page.metadata.resourceVersion;
    } while (token !== undefined);
    this.#cache.replace(items);
    if (!this.#synced) {
      this.#synced = true;
      for (const resolve of this.#whenSynced.splice(0)) resolve();
    }
    return version;
  }

  /** @returns the version to go on from, when the server ended the watch as agreed */
  async #watch(from: string): Promise<string> {
    this.options.onStart?.('watch');
    let version = from;
    let events = 0;
    let failed: unknown;
    const started = this.#clock.monotonic();
    const random = this.options.random ?? Math.random;
    const seconds = (this.options.watchSeconds ?? 300) * (1 + random());
    const onEvent = (event: WatchEvent<T>) => {
      if (failed !== undefined) return;
      if (event.type === 'ERROR') {
        const status = event.object as unknown as { code?: number; reason?: string; message?: string };
        failed = new ApiError(status.message ?? 'the watch failed', status.code ?? 500, status.reason ?? '');
        return;
      }
      events++;
      version = event.object.metadata.resourceVersion ?? version;
      if (event.type === 'BOOKMARK') return;
      if (!this.#accepts(event.object)) return;
      if (event.type === 'DELETED') this.#cache.remove(keyOf(event.object), event.object);
      else this.#cache.put(this.#kept(event.object));
    };
    try {
      await this.client.watch<T>(
        this.resource,
        {
          namespace: this.options.namespace,
          labelSelector: this.options.labelSelector,
          fieldSelector: this.options.fieldSelector,
          resourceVersion: version,
          timeoutSeconds: Math.ceil(seconds),
          stallMs: this.options.stallMs ?? 150_000,
          signal: this.#stop.signal,
        },
        onEvent,
      );
    } catch (error) {
      // Nothing went wrong for all that is known; if the server is gone, the next watch says so.
      if (error instanceof QuietWatchError) return version;
      failed ??= error;
    }
    const stoodMs = this.#clock.monotonic() - started;
    if (failed !== undefined) throw new WatchFailure(failed, version, events > 0 || stoodMs >= STEADY_MS);
    if (events === 0 && stoodMs < 1000) {
      throw new WatchFailure(
        new Error(`watch of ${this.resource.plural}: ended at once, without an event`),
        version,
      );
    }
    return version;
  }

  #accepts(object: T): boolean {
    return this.options.accepts?.(object) ?? true;
  }

  #kept(object: T): T {
    try {
      return this.options.transform === undefined ? object : this.options.transform(object);
    } catch (error) {
      this.options.onFault?.(keyOf(object), error);
      return object;
    }
  }
}

class WatchFailure {
  constructor(
    readonly error: unknown,
    readonly version: string | undefined,
    readonly progressed = false,
  ) {}
}

const isExpired = (error: unknown) =>
  error instanceof ApiError &&
  (error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone');
