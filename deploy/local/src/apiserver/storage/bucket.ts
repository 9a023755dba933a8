import type { KubeObject } from '../kube-object.js';
import { EventLog } from './event-log.js';

/** Every object of one stored resource, by namespace ('' for cluster-scoped) and name, with its change history. */
export class Bucket {
  private readonly spaces = new Map<string, Map<string, KubeObject>>();
  private readonly ordered = new Map<string, KubeObject[]>();
  private total = 0;
  readonly log: EventLog;

  constructor(
    readonly key: string,
    historyLength: number,
    startRevision: number,
  ) {
    this.log = new EventLog(historyLength, startRevision);
  }

  get size(): number {
    return this.total;
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.spaces.get(namespace)?.get(name);
  }

  put(object: KubeObject): void {
    const namespace = object.metadata.namespace ?? '';
    let space = this.spaces.get(namespace);
    if (!space) this.spaces.set(namespace, (space = new Map<string, KubeObject>()));
    if (!space.has(object.metadata.name)) this.total += 1;
    space.set(object.metadata.name, object);
    this.ordered.delete(namespace);
    this.ordered.delete('*');
  }

  remove(namespace: string, name: string): void {
    const space = this.spaces.get(namespace);
    if (!space?.delete(name)) return;
    this.total -= 1;
    if (space.size === 0) this.spaces.delete(namespace);
    this.ordered.delete(namespace);
    this.ordered.delete('*');
  }

  /** Objects in key order (namespace, then name); of one namespace, or of all when it is undefined. */
  list(namespace: string | undefined): readonly KubeObject[] {
    const cacheKey = namespace ?? '*';
    const cached = this.ordered.get(cacheKey);
    if (cached) return cached;
    const spaces = namespace === undefined ? [...this.spaces.keys()].sort() : [namespace];
    const result: KubeObject[] = [];
    for (const name of spaces) {
      const space = this.spaces.get(name);
      if (!space) continue;
      for (const key of [...space.keys()].sort()) result.push(space.get(key)!);
    }
    this.ordered.set(cacheKey, result);
    return result;
  }

  /** Objects as they were at `revision`; undefined when the history no longer reaches back that far. */
  listAt(namespace: string | undefined, revision: number): readonly KubeObject[] | undefined {
    const undo = this.log.since(revision);
    if (!undo) return undefined;
    if (undo.length === 0) return this.list(namespace);
    const changed = new Map<string, KubeObject | undefined>();
    for (const event of undo) {
      const key = objectKey(event.object);
      if (!changed.has(key)) changed.set(key, event.previous);
    }
    const kept = this.list(namespace).filter((object) => !changed.has(objectKey(object)));
    const restored = [...changed.values()].filter(
      (object): object is KubeObject =>
        object !== undefined && (namespace === undefined || object.metadata.namespace === namespace),
    );
    return [...kept, ...restored].sort((a, b) => compareKeys(objectKey(a), objectKey(b)));
  }
}

/** Sort key that orders by namespace, then name (the separator sorts before every legal character). */
export function objectKey(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}\u0000${object.metadata.name}`;
}

export function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
