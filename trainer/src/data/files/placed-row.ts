import type { Row } from '../formats/row-format.js';

/** A row and where it stands, so that a complaint can name it. */
export interface PlacedRow {
  /** `file:line`, or `file: row n` for files without lines. */
  readonly place: string;
  /** The row, or why there is none. */
  readonly row: Row | BrokenRow | UnusableRow;
}

/** A record that is no object at all: the file is not what it should be. */
export class BrokenRow {
  constructor(readonly reason: string) {}
}

/** A record that is too long to be held, or has a field twice; it alone is left out. */
export class UnusableRow {
  constructor(readonly reason: string) {}
}
