import { displayWidth } from './display-width.js';
import { wrapLines } from './wrap-lines.js';

/** A column of running text under a heading. */
export interface TextColumn {
  readonly heading: string;
  readonly text: string;
}

const GAP = ' │ ';
/** A narrower column cannot be read. */
const NARROWEST = 16;

/**
 * Texts beside each other as lines of a terminal; below each other, where it is too narrow for that.
 * @param columns of the terminal
 */
export function sideBySide(texts: readonly TextColumn[], columns: number): string[] {
  const width = Math.floor((columns - GAP.length * (texts.length - 1)) / texts.length);
  if (width < NARROWEST)
    return texts.flatMap(({ heading, text }) => [
      `${heading}:`,
      ...wrapLines(text, Math.max(NARROWEST, columns)),
    ]);
  const cells = texts.map(({ heading, text }) => [...wrapLines(heading, width), ...wrapLines(text, width)]);
  const headings = Math.max(...texts.map(({ heading }) => wrapLines(heading, width).length));
  const padded = cells.map((lines, at) => {
    const own = wrapLines(texts[at]?.heading ?? '', width).length;
    return [
      ...lines.slice(0, own),
      ...Array<string>(headings - own).fill(''),
      '─'.repeat(width),
      ...lines.slice(own),
    ];
  });
  const height = Math.max(...padded.map(({ length }) => length));
  return Array.from({ length: height }, (_, row) =>
    padded
      .map((lines) => {
        const cell = lines[row] ?? '';
        return cell + ' '.repeat(width - displayWidth(cell));
      })
      .join(GAP)
      .trimEnd(),
  );
}
