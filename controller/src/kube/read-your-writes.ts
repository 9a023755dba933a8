import type { KubeObject } from './resource.js';

/**
 * Holds the answers of this process's own writes until the cache has caught up, so that a reconcile never decides from
 * an older object than the one that it wrote.
 */
export class ReadYourWrites<T extends KubeObject> {
  readonly #written = new Map<string, T>();

  wrote(key: string, object: T): void {
    this.#written.set(key, object);
  }

  /** The newer of what was written and what the cache holds. */
  newest(key: string, cached: T | undefined): T | undefined {
    const written = this.#written.get(key);
    if (written === undefined) return cached;
    if (cached !== undefined && written.metadata.uid === cached.metadata.uid && isOlder(cached, written))
      return written;
    this.#written.delete(key);
    return cached;
  }

  forget(key: string): void {
    this.#written.delete(key);
  }
}

/** Resource versions of one kind are decimal numbers that grow. */
function isOlder(a: KubeObject, b: KubeObject): boolean {
  const [left, right] = [a.metadata.resourceVersion ?? '', b.metadata.resourceVersion ?? ''];
  if (left === right || !/^\d+$/.test(left) || !/^\d+$/.test(right)) return false;
  return BigInt(left) < BigInt(right);
}
