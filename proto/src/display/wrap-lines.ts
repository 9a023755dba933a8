import { displayWidth } from './display-width.js';

/** Text that comes from a model or from data must not move the cursor or change the terminal of whoever reads it. */
export function withoutControls(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

/** Marks that begin no line in Chinese and Japanese text. */
const NO_LINE_START = new Set('。，、；：？！）》」』】〉…·,.;:?!)');

/**
 * The lines of a text, each of at most so many columns of a terminal. Words stay whole where they fit on a line; Chinese and
 * Japanese break between any two characters, though not before a closing mark.
 * @param columns at least 2
 */
export function wrapLines(text: string, columns: number): string[] {
  return withoutControls(text)
    .split('\n')
    .flatMap((line) => wrapLine(line.replaceAll('\t', '    '), columns));
}

function wrapLine(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  const close = () => {
    lines.push(line.trimEnd());
    line = '';
  };
  for (const piece of unbreakable(text)) {
    if (displayWidth(line + piece.trimEnd()) <= columns) {
      line += piece;
      continue;
    }
    if (line.trim() !== '') close();
    if (displayWidth(piece.trimEnd()) <= columns) {
      line = piece;
      continue;
    }
    for (const character of piece) {
      if (displayWidth(line + character) > columns && line !== '') close();
      line += character;
    }
  }
  close();
  return lines;
}

/** Words with the spaces behind them, and wide characters with the closing marks behind them. */
function unbreakable(text: string): string[] {
  const pieces: string[] = [];
  let before = '';
  for (const character of text) {
    const isSpace = character === ' ';
    const begins =
      before === '' ||
      (!isSpace && !NO_LINE_START.has(character) && (before === ' ' || isWide(character) || isWide(before)));
    if (begins) pieces.push(character);
    else pieces[pieces.length - 1] += character;
    before = character;
  }
  return pieces;
}

const isWide = (character: string) => displayWidth(character) === 2;
