import type { KubeObject } from './resource.js';
import { keyOf } from './resource.js';

export type Indexer<T> = (object: T) => readonly string[];

export interface CacheEvent<T> {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly key: string;
  readonly object: T;
  /** What the cache held before. */
  readonly old: T | undefined;
}

/** The objects of one kind as last heard of, by key and by index. Objects are shared: never change them. */
export interface ReadonlyCache<T extends KubeObject> {
  readonly size: number;
  get(key: string): T | undefined;
  list(): readonly T[];
  /** Objects for which the named indexer gives `value`. */
  byIndex(index: string, value: string): readonly T[];
  /** Calls back after every change; returns the unsubscribe function. */
  subscribe(listener: (event: CacheEvent<T>) => void): () => void;
}

export class Cache<T extends KubeObject> implements ReadonlyCache<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Map<string, Set<string>>>();
  readonly #listeners = new Set<(event: CacheEvent<T>) => void>();

  /** @param onFault told of an object that an indexer or a listener could not take; the others hear of it all the same */
  constructor(
    private readonly indexers: Readonly<Record<string, Indexer<T>>> = {},
    private readonly onFault: (key: string, error: unknown) => void = () => {},
  ) {
    for (const name of Object.keys(indexers)) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  byIndex(index: string, value: string): readonly T[] {
    const values = this.#indexes.get(index);
    if (values === undefined) throw new RangeError(`no index ${index}`);
    const found: T[] = [];
    for (const key of values.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  subscribe(listener: (event: CacheEvent<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  put(object: T): void {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    if (old !== undefined) {
      if (sameVersion(old, object)) return;
      // Deleted and created anew between two looks: two objects, so two events.
      if (old.metadata.uid !== object.metadata.uid) {
        this.remove(key);
        this.put(object);
        return;
      }
      this.#unindex(key, old);
    }
    this.#objects.set(key, object);
    this.#index(key, object);
    this.#emit({ type: old === undefined ? 'added' : 'modified', key, object, old });
  }

  /** @param last the object as the deletion reported it */
  remove(key: string, last?: T): void {
    const old = this.#objects.get(key);
    if (old === undefined) return;
    this.#objects.delete(key);
    this.#unindex(key, old);
    this.#emit({ type: 'deleted', key, object: last ?? old, old });
  }

  /** Makes the cache hold exactly these objects; listeners hear of the differences alone. */
  replace(objects: readonly T[]): void {
    const keep = new Set(objects.map(keyOf));
    for (const key of this.#objects.keys()) if (!keep.has(key)) this.remove(key);
    for (const object of objects) this.put(object);
  }

  #emit(event: CacheEvent<T>): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.onFault(event.key, error);
      }
    }
  }

  #valuesOf(key: string, object: T, indexer: Indexer<T>): readonly string[] {
    try {
      return indexer(object);
    } catch (error) {
      this.onFault(key, error);
      return [];
    }
  }

  #index(key: string, object: T): void {
    for (const [name, indexer] of Object.entries(this.indexers)) {
      const values = this.#indexes.get(name);
      for (const value of this.#valuesOf(key, object, indexer)) {
        const keys = values?.get(value);
        if (keys === undefined) values?.set(value, new Set([key]));
        else keys.add(key);
      }
    }
  }

  #unindex(key: string, object: T): void {
    for (const [name, indexer] of Object.entries(this.indexers)) {
      const values = this.#indexes.get(name);
      for (const value of this.#valuesOf(key, object, indexer)) {
        const keys = values?.get(value);
        keys?.delete(key);
        if (keys?.size === 0) values?.delete(value);
      }
    }
  }
}

const sameVersion = (a: KubeObject, b: KubeObject) =>
  a.metadata.resourceVersion !== undefined &&
  a.metadata.resourceVersion === b.metadata.resourceVersion &&
  a.metadata.uid === b.metadata.uid;
