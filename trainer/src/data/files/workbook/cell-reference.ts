/** As many columns and rows as a sheet can have. */
export const MOST_COLUMNS = 16_384;
export const MOST_ROWS = 1_048_576;

const REFERENCE = /^\$?([A-Z]{1,3})\$?([1-9]\d{0,6})$/;

/** Where a cell stands, both from 1. */
export interface CellPlace {
  readonly column: number;
  readonly row: number;
}

/** `B12`; undefined when it is none. */
export function cellPlaceOf(reference: string): CellPlace | undefined {
  const [, letters = '', digits = ''] = REFERENCE.exec(reference) ?? [];
  let column = 0;
  for (const letter of letters) column = 26 * column + letter.charCodeAt(0) - 64;
  const row = Number(digits);
  return column >= 1 && column <= MOST_COLUMNS && row >= 1 && row <= MOST_ROWS ? { column, row } : undefined;
}

/** `B` of 2. */
export function columnLetters(column: number): string {
  let letters = '';
  for (let rest = column; rest > 0; rest = Math.floor((rest - 1) / 26))
    letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters;
  return letters;
}
