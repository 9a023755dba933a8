import { MOST_FOUND, type Found } from './findings.js';

/** Counts what is found and keeps the first. */
export class Finder<T> implements Found<T> {
  rows = 0;
  readonly first: T[] = [];

  add(found: () => T): void {
    this.rows++;
    if (this.first.length < MOST_FOUND) this.first.push(found());
  }

  toJSON(): Found<T> {
    return { rows: this.rows, first: this.first };
  }
}
