import { spendText } from './budget.js';

/** Python counts code points, JavaScript UTF-16 units: texts without surrogates need no conversion. */
const SURROGATE = /[\ud800-\udfff]/;

export function lengthOfText(text: string): number {
  return SURROGATE.test(text) ? charactersOf(text).length : text.length;
}

/** The characters of a text. */
export function charactersOf(text: string): string[] {
  spendText(text.length);
  return Array.from(text);
}

/** The character at a place; undefined when there is none. */
export function characterAt(text: string, at: number): string | undefined {
  return SURROGATE.test(text) ? charactersOf(text).at(at) : text.at(at);
}

/** Python's `text[begin:end]` with places from 0 to the length. */
export function sliceText(text: string, begin: number, end: number): string {
  if (end <= begin) return '';
  return SURROGATE.test(text) ? charactersOf(text).slice(begin, end).join('') : text.slice(begin, end);
}

/** The number of characters before a UTF-16 unit. */
export function placeOfUnit(text: string, unit: number): number {
  return lengthOfText(text.slice(0, unit));
}

/** The class of Python's white space, for a regular expression. */
export const SPACES = '[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';

/** The class of the characters that end a line. */
export const LINE_ENDS = '[\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029]';

const SPACE = new RegExp(SPACES);

export function isSpace(character: string): boolean {
  return SPACE.test(character);
}
