import type { Row } from '../formats/row-format.js';

/** A row and where it stands, so that a complaint can name it. */
export interface PlacedRow {
  /** `file:line`, or `file: row n` for files without lines. */
  readonly place: string;
  /** The row, or why there is none. */
  readonly row: Row | BrokenRow;
}

/** A record that is no object at all. */
export class BrokenRow {
  constructor(readonly reason: string) {}
}
