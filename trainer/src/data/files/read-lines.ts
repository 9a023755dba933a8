import { readText, type ReadOptions } from './encoding/read-text.js';
import { linesOf, OVERSIZED } from './lines-of.js';
import { UnusableRow, type PlacedRow } from './placed-row.js';

/** Running text: every line that is not blank is a row with the field `text`. */
export async function* readLines(path: string, options: ReadOptions): AsyncGenerator<PlacedRow> {
  for await (const { number, text } of linesOf(readText(path, options))) {
    const place = `${path}:${number}`;
    if (text === undefined) yield { place, row: new UnusableRow(`the line is ${OVERSIZED}`) };
    else if (text.trim() !== '') yield { place, row: { text } };
  }
}
