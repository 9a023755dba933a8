/** Keys that wait for their turn: urgent ones first, and then one of each tenant in turn, in the order of arrival. */
export class FairLine {
  readonly #lines = {
    urgent: new Map<string, Set<string>>(),
    usual: new Map<string, Set<string>>(),
  };
  /** Where each key stands. */
  readonly #places = new Map<string, Turn>();

  get size(): number {
    return this.#places.size;
  }

  /** A key that stands there already keeps its place, unless it became urgent. */
  add(key: string, turn: Turn): void {
    const before = this.#places.get(key);
    if (before !== undefined) {
      if (before.isUrgent || !turn.isUrgent) return;
      this.#leave(key, before);
    }
    const line = this.#lineOf(turn);
    const keys = line.get(turn.tenant);
    // A Set keeps the order of arrival and removes in constant time.
    if (keys === undefined) line.set(turn.tenant, new Set([key]));
    else keys.add(key);
    this.#places.set(key, turn);
  }

  /** Takes the next key out. */
  take(): string | undefined {
    for (const line of [this.#lines.urgent, this.#lines.usual]) {
      const [first] = line;
      if (first === undefined) continue;
      const [tenant, keys] = first;
      const [key = ''] = keys;
      keys.delete(key);
      // Its next turn is behind those of all other tenants.
      line.delete(tenant);
      if (keys.size > 0) line.set(tenant, keys);
      this.#places.delete(key);
      return key;
    }
    return undefined;
  }

  delete(key: string): void {
    const place = this.#places.get(key);
    if (place !== undefined) this.#leave(key, place);
  }

  #leave(key: string, place: Turn): void {
    const line = this.#lineOf(place);
    const keys = line.get(place.tenant);
    keys?.delete(key);
    if (keys?.size === 0) line.delete(place.tenant);
    this.#places.delete(key);
  }

  #lineOf({ isUrgent }: Turn): Map<string, Set<string>> {
    return isUrgent ? this.#lines.urgent : this.#lines.usual;
  }
}

/** For whom a key waits, and whether it goes before those that are not urgent. */
export interface Turn {
  readonly tenant: string;
  readonly isUrgent: boolean;
}
