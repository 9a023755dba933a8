import { spendText } from './budget.js';
import { charactersOf, lengthOfText } from './code-points.js';
import { typeError } from './template-error.js';
import { typeName } from './type-names.js';
import { isText, plainText, type Value } from './values.js';

/** Python's `join`. */
export function joined(separator: string, items: readonly Value[]): string {
  const texts = items.map((item, at) => {
    if (!isText(item)) throw typeError(`sequence item ${at}: expected str instance, ${typeName(item)} found`);
    return plainText(item);
  });
  spendText(
    texts.reduce((sum, text) => sum + text.length, 0) + separator.length * Math.max(0, texts.length - 1),
  );
  return texts.join(separator);
}

/** Python's `replace`. */
export function replaced(text: string, before: string, after: string, count: number): string {
  const most = count < 0 ? Number.MAX_SAFE_INTEGER : count;
  if (most === 0) return text;
  const parts = before === '' ? ['', ...charactersOf(text), ''] : text.split(before);
  const replacements = Math.min(most, parts.length - 1);
  spendText(text.length + replacements * Math.max(0, after.length - before.length));
  if (replacements === parts.length - 1) return parts.join(after);
  return [...parts.slice(0, replacements), parts.slice(replacements).join(before)].join(after);
}

/** How many characters a text is filled with before and behind it. */
export type Sides = (missing: number, width: number) => readonly [before: number, behind: number];

/** Python's `ljust`, `rjust` and `center`. */
export function padded(text: string, width: number, fill: string, sides: Sides): string {
  const missing = width - lengthOfText(text);
  if (missing <= 0) return text;
  spendText(text.length + missing);
  const [before, after] = sides(missing, width);
  return fill.repeat(before) + text + fill.repeat(after);
}

export function centered(missing: number, width: number): readonly [number, number] {
  const before = Math.floor(missing / 2) + (missing & width & 1);
  return [before, missing - before];
}

/** Python's `center`. */
export function centeredText(text: string, width: number): string {
  return padded(text, width, ' ', centered);
}

/** Python's `expandtabs`. */
export function tabsExpanded(text: string, size: number): string {
  let [column, result] = [0, ''];
  for (const character of text) {
    if (character === '\t') {
      const gap = size > 0 ? size - (column % size) : 0;
      spendText(gap);
      result += ' '.repeat(gap);
      column += gap;
    } else {
      result += character;
      column = character === '\n' || character === '\r' ? 0 : column + 1;
    }
  }
  return result;
}
