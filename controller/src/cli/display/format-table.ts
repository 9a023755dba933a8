import { displayWidth } from './display-width.js';

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

// What a job says of itself must not move the cursor of whoever looks at it.
// eslint-disable-next-line no-control-regex
const onOneLine = (text: string) => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
