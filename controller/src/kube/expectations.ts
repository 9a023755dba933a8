import type { Clock } from './clock.js';
import { systemClock } from './clock.js';

interface Expected {
  readonly creations: Set<string>;
  readonly deletions: Set<string>;
  since: number;
}

/** client-go's ExpectationsTimeout. */
const TIMEOUT_MS = 5 * 60_000;

/**
 * Remembers what was written but not yet seen in the cache, so that a reconcile that looks at an old cache neither
 * creates nor deletes twice. Keyed by the owner.
 */
export class Expectations {
  readonly #owners = new Map<string, Expected>();

  constructor(
    private readonly clock: Clock = systemClock,
    private readonly timeoutMs = TIMEOUT_MS,
  ) {}

  /** Call before the request is sent: the watch may be faster than the answer. */
  expectCreation(owner: string, name: string): void {
    this.#of(owner).creations.add(name);
  }

  expectDeletion(owner: string, name: string): void {
    this.#of(owner).deletions.add(name);
  }

  /** Whether a deletion was asked for that the cache does not show yet. */
  expectsDeletion(owner: string, name: string): boolean {
    return this.#owners.get(owner)?.deletions.has(name) === true;
  }

  /** The cache saw it, or the request failed. */
  observeCreation(owner: string, name: string): void {
    this.#owners.get(owner)?.creations.delete(name);
    this.#tidy(owner);
  }

  observeDeletion(owner: string, name: string): void {
    this.#owners.get(owner)?.deletions.delete(name);
    this.#tidy(owner);
  }

  /** Whether the cache shows all writes of the owner, or it took so long that something was missed. */
  satisfied(owner: string): boolean {
    const expected = this.#owners.get(owner);
    if (expected === undefined) return true;
    if (this.clock.monotonic() - expected.since < this.timeoutMs) return false;
    this.#owners.delete(owner);
    return true;
  }

  forget(owner: string): void {
    this.#owners.delete(owner);
  }

  #of(owner: string): Expected {
    let expected = this.#owners.get(owner);
    if (expected === undefined) {
      expected = { creations: new Set(), deletions: new Set(), since: 0 };
      this.#owners.set(owner, expected);
    }
    expected.since = this.clock.monotonic();
    return expected;
  }

  #tidy(owner: string): void {
    const expected = this.#owners.get(owner);
    if (expected?.creations.size === 0 && expected.deletions.size === 0) this.#owners.delete(owner);
  }
}
