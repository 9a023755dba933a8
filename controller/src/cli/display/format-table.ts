import { displayWidth } from '@tuneyard/proto/display';
import { onOneLine } from './fit-line.js';

const GAP = '   ';

/** Columns as wide as their widest cell on a terminal; the last one is not padded. Ends with a newline. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows.map((row) => row.map(onOneLine))];
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((line) => displayWidth(line[column] ?? ''))),
  );
  return lines
    .map((line) => {
      const cells = line.map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - displayWidth(cell)));
      return `${cells.join(GAP).trimEnd()}\n`;
    })
    .join('');
}
