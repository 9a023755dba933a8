import { maskPersonalData } from './personal-data.js';

/** Characters of a text that fit a line. */
const LINE = 72;
export const oneLine = (text: string): string => text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();

/** The begin of a text on one line, with personal data hidden. */
export function excerptOf(text: string): string {
  const characters = Array.from(oneLine(maskPersonalData(text)));
  return characters.length <= LINE ? characters.join('') : `${characters.slice(0, LINE - 1).join('')}…`;
}
