import { diffChars } from 'diff';
import { oneLine } from './excerpt.js';

/** Characters of what both have that are kept at each side of a difference. */
const AROUND = 16;
/** Longer texts are compared up to here: a report shows some of them, and the work grows with the square. */
const MOST_COMPARED = 1000;

/** How a stretch is marked: a colour on a terminal, brackets elsewhere. */
export type Mark = (text: string) => string;

/** Two texts on a line each, with what differs marked, and what both have and is far from it left out. */
export function markDifference(first: string, second: string, mark: Mark): readonly [string, string] {
  const [a, b] = [first, second].map((text) => oneLine(text.slice(0, MOST_COMPARED))) as [string, string];
  const changes = diffChars(a, b);
  const lineOf = (leftOut: 'added' | 'removed'): string =>
    changes
      .map((change, index) => {
        if (change[leftOut]) return '';
        if (change.added || change.removed) return mark(change.value);
        return shortened(change.value, { begins: index === 0, ends: index === changes.length - 1 });
      })
      .join('');
  return [lineOf('added'), lineOf('removed')];
}

/** A stretch that both have. */
function shortened(text: string, { begins, ends }: { begins: boolean; ends: boolean }): string {
  const characters = Array.from(text);
  const [head, tail] = [begins ? 0 : AROUND, ends ? 0 : AROUND];
  if (characters.length <= head + tail + 1) return text;
  return `${characters.slice(0, head).join('')}…${tail === 0 ? '' : characters.slice(-tail).join('')}`;
}
