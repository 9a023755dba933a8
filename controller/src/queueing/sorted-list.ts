import { firstIndex } from './first-index.js';

/** Items in order. What was added is sorted in when somebody reads: all at once if it is much, else each at its place. */
export class SortedList<T> {
  #items: T[] = [];
  #added: T[] = [];

  /** @param compare a total order: equal items are the same item. */
  constructor(private readonly compare: (a: T, b: T) => number) {}

  get items(): readonly T[] {
    const added = this.#added;
    if (added.length === 0) return this.#items;
    this.#added = [];
    if (added.length * 8 > this.#items.length) this.#items = [...this.#items, ...added].sort(this.compare);
    else for (const item of added) this.#items.splice(this.#position(item), 0, item);
    return this.#items;
  }

  add(item: T): void {
    this.#added.push(item);
  }

  /** Takes out the item that is equal in order; nothing happens when there is none. */
  remove(item: T): void {
    const { items } = this;
    const at = this.#position(item);
    const found = items[at];
    if (found !== undefined && this.compare(found, item) === 0) this.#items.splice(at, 1);
  }

  #position(item: T): number {
    return firstIndex(this.#items, (other) => this.compare(other, item) >= 0);
  }
}
