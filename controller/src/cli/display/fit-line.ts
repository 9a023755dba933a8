import { displayWidth } from '@tuneyard/proto/display';

// What a job says of itself must not move the cursor of whoever looks at it.
// eslint-disable-next-line no-control-regex
export const onOneLine = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');

/** The text on one line of at most so many columns; what is cut ends in `…`. */
export function fitLine(text: string, columns: number): string {
  const line = onOneLine(text);
  if (displayWidth(line) <= columns) return line;
  let fitted = '';
  let width = 0;
  for (const character of line) {
    width += displayWidth(character);
    if (width > columns - 1) break;
    fitted += character;
  }
  return columns < 1 ? '' : `${fitted}…`;
}
