const CANDIDATES = [',', ';', '\t', '|'] as const;

/** How a table divides its fields, and where it begins. */
export interface CsvLayout {
  readonly delimiter: string;
  /** Characters before the line of names: Excel's `sep=;`. */
  readonly skip: number;
}

/**
 * What stands between the fields, by the line of names: the candidate that divides it into the most names; the comma, when none does.
 * @param head begin of the text, with the whole line of names
 */
export function csvLayout(head: string): CsvLayout {
  const declared = /^sep=(.)\r?\n/i.exec(head);
  if (declared?.[1] !== undefined) return { delimiter: declared[1], skip: declared[0].length };
  const counts = new Map<string, number>();
  let isQuoted = false;
  for (const character of head) {
    if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && character === '\n' && counts.size > 0) break;
    else if (!isQuoted) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  const count = (candidate: string): number => counts.get(candidate) ?? 0;
  const best = CANDIDATES.reduce((a, b) => (count(b) > count(a) ? b : a));
  return { delimiter: best, skip: 0 };
}
