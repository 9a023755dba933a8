import { type JsonObject, textOf } from '../apiserver/json.js';
import type { KubeObject } from '../apiserver/kube-object.js';
import { KubeError, type KubeClient } from './kube-client.js';

interface ObjectList extends JsonObject {
  items: KubeObject[];
  metadata: { resourceVersion: string };
}

export interface InformerHandlers {
  /** The object is new or has changed. */
  changed?: (object: KubeObject, before: KubeObject | undefined) => void;
  gone?: (object: KubeObject) => void;
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });

/** Keeps a copy of the objects below a path: lists, then watches; lists again whenever the watch is lost. */
export class Informer {
  readonly objects = new Map<string, KubeObject>();
  private readonly stopper = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private revision = '';

  constructor(
    private readonly client: KubeClient,
    /** Collection path, e.g. `/api/v1/pods`. */
    private readonly path: string,
    /** Selectors, e.g. `fieldSelector=spec.nodeName%3Dn1`. */
    private readonly query: string,
    private readonly handlers: InformerHandlers,
  ) {}

  /** Resolves when the first list is in. Throws when the server refuses it. */
  async start(): Promise<void> {
    await this.list();
    this.running = this.follow();
  }

  async stop(): Promise<void> {
    this.stopper.abort();
    await this.running;
  }

  private async list(): Promise<void> {
    const list = await this.client.get<ObjectList>(`${this.path}?${this.query}`);
    const { items } = list;
    const seen = new Set(items.map(keyOf));
    this.revision = list.metadata.resourceVersion;
    for (const [key, object] of this.objects) {
      if (seen.has(key)) continue;
      this.objects.delete(key);
      this.handlers.gone?.(object);
    }
    for (const item of items) this.put(item);
  }

  private put(object: KubeObject): void {
    const key = keyOf(object);
    const before = this.objects.get(key);
    if (before?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    this.objects.set(key, object);
    // Deleted and made anew while the watch was away: that is another object.
    const replaced = before !== undefined && before.metadata.uid !== object.metadata.uid;
    if (replaced) this.handlers.gone?.(before);
    this.handlers.changed?.(object, replaced ? undefined : before);
  }

  private async follow(): Promise<void> {
    const { signal } = this.stopper;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.watchOnce(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof KubeError && error.code === 410)) {
          failures += 1;
          await pause(Math.min(5000, 100 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random()), signal);
        }
        await this.list().catch(() => undefined);
      }
    }
  }

  private async watchOnce(signal: AbortSignal): Promise<void> {
    const separator = this.query ? '&' : '';
    const url = `${this.path}?${this.query}${separator}watch=true&allowWatchBookmarks=true&resourceVersion=${this.revision}`;
    for await (const event of this.client.watch(url, signal)) {
      if (event.type === 'ERROR') {
        const { code, reason, message } = event.object;
        throw new KubeError(Number(code ?? 500), textOf(reason), textOf(message));
      }
      this.revision = event.object.metadata.resourceVersion;
      if (event.type === 'DELETED') {
        this.objects.delete(keyOf(event.object));
        this.handlers.gone?.(event.object);
      } else if (event.type !== 'BOOKMARK') {
        this.put(event.object);
      }
    }
  }
}

export function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
