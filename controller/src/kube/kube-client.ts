import type { Readable } from 'node:stream';
import { ApiError, ConnectionError, QuietWatchError } from '../errors.js';
import type { Clock } from './clock.js';
import { sleep, systemClock } from './clock.js';
import type { Connection } from './connection.js';
import type {
  ApplyOptions,
  DeleteOptions,
  JsonPatchOperation,
  KubeClientOptions,
  ListOptions,
  ObjectList,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './request-options.js';
import { listQuery, nameOf, queryString } from './request-query.js';
import type { KubeObject, ObjectRef, Resource } from './resource.js';
import { resourcePath } from './resource.js';
import { TokenBucket } from './token-bucket.js';
import { Cancellation, Transport } from './transport.js';
import { readLines } from './read-lines.js';
import { isNotFound, passOver, readBody, toApiError } from './responses.js';

/** A server that asks to wait is asked again this often. */
const MAX_RETRIES = 5;

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** What the path leads to, as `onRequest` is told. */
  readonly resource: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
  /** Whether it was accepted is all that is asked. */
  readonly leavesAnswer?: true;
}

/** What clients of one connection have in common. */
interface Shared {
  readonly transport: Transport;
  mayWrite: (() => void) | undefined;
}

/**
 * Typed requests to the API server, within a budget of requests per second. Methods throw {@link ApiError} for an
 * answer that is an error and {@link ConnectionError} when there is no answer.
 */
export class KubeClient {
  readonly #shared: Shared;
  readonly #limiter: TokenBucket | undefined;
  readonly #clock: Clock;
  readonly #options: KubeClientOptions;

  constructor(
    private readonly connection: Connection,
    options: KubeClientOptions = {},
    shared?: Shared,
  ) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#shared = shared ?? { transport: new Transport(connection), mayWrite: undefined };
    const qps = options.qps ?? 50;
    this.#limiter =
      qps > 0 ? new TokenBucket(qps, options.burst ?? Math.max(100, qps), this.#clock) : undefined;
  }

  /** From now on every write first calls this, which throws when this process must not write. */
  fence(mayWrite: () => void): void {
    this.#shared.mayWrite = mayWrite;
  }

  /** A client on the same connections and behind the same fence, whose requests take nothing from this one's budget. */
  withOwnBudget(): KubeClient {
    return new KubeClient(this.connection, this.#options, this.#shared);
  }

  /** Also ends the clients that {@link withOwnBudget} gave. */
  close(): void {
    this.#shared.transport.close();
  }

  get<T extends KubeObject>(resource: Resource, ref: ObjectRef, signal?: AbortSignal): Promise<T> {
    return this.#json<T>({
      method: 'GET',
      path: resourcePath(resource, ref),
      resource: resource.plural,
      signal,
    });
  }

  list<T extends KubeObject>(resource: Resource, options: ListOptions = {}): Promise<ObjectList<T>> {
    return this.#json<ObjectList<T>>({
      method: 'GET',
      path: resourcePath(resource, options),
      resource: resource.plural,
      query: listQuery(options),
      signal: options.signal,
    });
  }

  /** Creates the object, or, with `subresource`, posts it there (a pod's `eviction` or `binding`). */
  create<T extends KubeObject>(resource: Resource, object: T, options: WriteOptions = {}): Promise<T> {
    return this.#json<T>(creationOf(resource, object, options));
  }

  /** {@link create} for objects whose stored form nobody needs: reading the answers is a twentieth of all work. */
  async createUnread(resource: Resource, object: KubeObject, options: WriteOptions = {}): Promise<void> {
    await this.#json({ ...creationOf(resource, object, options), leavesAnswer: true });
  }

  /** Replaces the object; with `metadata.resourceVersion` set, only if it is still that version. */
  update<T extends KubeObject>(resource: Resource, object: T, options: WriteOptions = {}): Promise<T> {
    const { name, namespace } = object.metadata;
    return this.#json<T>({
      method: 'PUT',
      path: resourcePath(resource, { name, namespace, subresource: options.subresource }),
      resource: nameOf(resource, options.subresource),
      body: object,
      signal: options.signal,
    });
  }

  mergePatch<T extends KubeObject>(
    resource: Resource,
    ref: ObjectRef,
    patch: unknown,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#patch(resource, ref, 'application/merge-patch+json', patch, options);
  }

  /** RFC 6902: all operations or, where a `test` fails (422), none. */
  jsonPatch<T extends KubeObject>(
    resource: Resource,
    ref: ObjectRef,
    operations: readonly JsonPatchOperation[],
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#patch(resource, ref, 'application/json-patch+json', operations, options);
  }

  #patch<T extends KubeObject>(
    resource: Resource,
    ref: ObjectRef,
    contentType: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<T> {
    return this.#json<T>({
      method: 'PATCH',
      path: resourcePath(resource, { ...ref, subresource: options.subresource }),
      resource: nameOf(resource, options.subresource),
      body,
      contentType,
      signal: options.signal,
    });
  }

  /** Server-side apply: the fields in `object` are this manager's, those that it no longer names are dropped. */
  apply<T extends KubeObject>(resource: Resource, object: T, options: ApplyOptions): Promise<T> {
    const { name, namespace } = object.metadata;
    return this.#json<T>({
      method: 'PATCH',
      path: resourcePath(resource, { name, namespace, subresource: options.subresource }),
      resource: nameOf(resource, options.subresource),
      query: { fieldManager: options.fieldManager, force: String(options.force ?? true) },
      body: object,
      contentType: 'application/apply-patch+yaml',
      signal: options.signal,
    });
  }

  /** Deletes the object. @returns false when it was already gone */
  async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    try {
      await this.#json({
        method: 'DELETE',
        path: resourcePath(resource, ref),
        resource: resource.plural,
        body: { kind: 'DeleteOptions', apiVersion: 'v1', ...options },
      });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /** A bare GET of a path, for discovery and health. */
  getPath(path: string, signal?: AbortSignal): Promise<unknown> {
    return this.#json({ method: 'GET', path, resource: '', signal });
  }

  /**
   * The body of an answer as it comes, such as a container's log: `subresource` is required. It ends when the server
   * ends it; destroy it to end it sooner.
   */
  async stream(
    resource: Resource,
    ref: ObjectRef & { readonly subresource: string },
    query: Readonly<Record<string, string | number | undefined>> = {},
  ): Promise<Readable> {
    await this.#limiter?.take();
    const response = await this.#shared.transport.send({
      method: 'GET',
      path: resourcePath(resource, ref) + queryString(query),
      headers: { ...this.#headers(), Accept: '*/*' },
    });
    const status = response.statusCode ?? 0;
    this.#options.onRequest?.('get', nameOf(resource, ref.subresource), status, 0);
    if (status !== 200) throw await toApiError(response);
    return response;
  }

  /**
   * Watches until the server ends the stream (resolves), or it fails or stalls or the signal aborts (rejects).
   * `onEvent` is called in order and must not throw.
   */
  async watch<T extends KubeObject>(
    resource: Resource,
    options: WatchOptions,
    onEvent: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    const query = {
      ...listQuery({ ...options, limit: undefined, continue: undefined }),
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: options.timeoutSeconds,
    };
    const path = resourcePath(resource, options) + queryString(query);
    await this.#limiter?.take(options.signal);
    const cancellation = new Cancellation();
    options.signal?.addEventListener('abort', cancellation.cancel, { once: true });
    if (options.signal?.aborted) cancellation.cancel();
    let stalled = false;
    let begun = false;
    const onStall = () => {
      stalled = true;
      cancellation.cancel();
    };
    let cancelStall = this.#clock.after(options.stallMs, onStall);
    try {
      const response = await this.#shared.transport.send({
        method: 'GET',
        path,
        headers: this.#headers(),
        cancellation,
      });
      this.#options.onRequest?.('watch', resource.plural, response.statusCode ?? 0, 0);
      if (response.statusCode !== 200) throw await toApiError(response);
      begun = true;
      const alive = () => {
        cancelStall();
        cancelStall = this.#clock.after(options.stallMs, onStall);
      };
      await readLines(response, alive, (line) => onEvent(JSON.parse(line) as WatchEvent<T>));
    } catch (error) {
      if (stalled) {
        const Quiet = begun ? QuietWatchError : ConnectionError;
        throw new Quiet(`watch of ${resource.plural}: nothing heard for ${options.stallMs} ms`, {
          cause: error,
        });
      }
      if (error instanceof ApiError || error instanceof ConnectionError) throw error;
      throw new ConnectionError(`watch of ${resource.plural}: ${String(error)}`, { cause: error });
    } finally {
      cancelStall();
      options.signal?.removeEventListener('abort', cancellation.cancel);
    }
  }

  async #json<T>(call: Call): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return (await this.#once(call)) as T;
      } catch (error) {
        const wait = error instanceof ApiError ? error.retryAfterMs : undefined;
        if (wait === undefined || attempt >= MAX_RETRIES || call.signal?.aborted) throw error;
        await sleep(this.#clock, wait, call.signal);
      }
    }
  }

  async #once(call: Call): Promise<unknown> {
    await this.#limiter?.take(call.signal);
    const started = this.#clock.monotonic();
    const cancellation = new Cancellation();
    call.signal?.addEventListener('abort', cancellation.cancel, { once: true });
    if (call.signal?.aborted) cancellation.cancel();
    const timeoutMs = this.#options.requestTimeoutMs ?? 30_000;
    const cancelLimit = this.#clock.after(timeoutMs, cancellation.cancel);
    const verb = call.method.toLowerCase();
    let status = 0;
    try {
      const response = await this.#shared.transport.send({
        method: call.method,
        path: call.path + queryString(call.query ?? {}),
        headers: {
          ...this.#headers(),
          ...(call.body === undefined ? {} : { 'Content-Type': call.contentType ?? 'application/json' }),
        },
        body: call.body === undefined ? undefined : JSON.stringify(call.body),
        cancellation,
        ...(call.method === 'GET' ? {} : { beforeSend: this.#shared.mayWrite }),
      });
      status = response.statusCode ?? 0;
      if (status >= 400) throw await toApiError(response);
      return call.leavesAnswer === true
        ? await passOver(response)
        : (JSON.parse(await readBody(response)) as unknown);
    } catch (error) {
      if (cancellation.isCancelled && !call.signal?.aborted) {
        throw new ConnectionError(`${call.method} ${call.path}: no answer within ${timeoutMs} ms`, {
          cause: error,
        });
      }
      throw error;
    } finally {
      cancelLimit();
      call.signal?.removeEventListener('abort', cancellation.cancel);
      const seconds = (this.#clock.monotonic() - started) / 1000;
      this.#options.onRequest?.(verb, call.resource, status, seconds);
    }
  }

  #headers(): Record<string, string> {
    return { Accept: 'application/json', 'User-Agent': this.#options.userAgent ?? 'tuneyard-controller' };
  }
}

function creationOf(resource: Resource, object: KubeObject, options: WriteOptions): Call {
  const { name, namespace } = object.metadata;
  const { subresource } = options;
  return {
    method: 'POST',
    path: resourcePath(
      resource,
      subresource === undefined ? { namespace } : { name, namespace, subresource },
    ),
    resource: nameOf(resource, subresource),
    query: { dryRun: options.dryRun === true ? 'All' : undefined },
    body: object,
    signal: options.signal,
  };
}
