import type { Example } from '../encode-conversation.js';
import type { Tokenizer } from '../tokenizer.js';
import type { SeenPart, SeenRow } from './findings.js';
import { maskPersonalData } from './personal-data.js';

/** Characters of a stretch that are shown. */
const SHOWN = 400;

/** An example as the model sees it, divided where its training begins and ends; personal data are hidden. */
export function seenRow({ inputIds, trained, place }: Example, tokenizer: Tokenizer): SeenRow {
  const parts: SeenPart[] = [];
  for (let begin = 0, end = 0; begin < inputIds.length; begin = end) {
    end = begin + 1;
    while (end < inputIds.length && trained[end] === trained[begin]) end++;
    const text = maskPersonalData(tokenizer.decodeWhole(inputIds.subarray(begin, end)));
    parts.push({ text: shortened(text), trained: trained[begin] === 1 });
  }
  return { place, parts };
}

function shortened(text: string): string {
  const characters = Array.from(text.slice(0, 100 * SHOWN));
  if (characters.length <= SHOWN) return text;
  const half = SHOWN / 2;
  return `${characters.slice(0, half).join('')} … ${characters.slice(-half).join('')}`;
}
