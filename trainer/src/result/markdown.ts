/** Longest text of a table cell. */
const LONGEST_CELL = 160;
/** What no reader sees: controls, marks of direction, joiners. White space is made one space before. */
const INVISIBLE = /[\p{Cc}\p{Cf}]/gu;

/** Text of others as text: it formats nothing, links nowhere and is no HTML. */
export function plain(text: string): string {
  return (
    text
      .replace(/\s+/g, ' ')
      .replace(INVISIBLE, '')
      .trim()
      .replace(/[\\`*_{}[\]#|~$@]/g, (mark) => `\\${mark}`)
      // Bare addresses become links.
      .replace(/:(?=\/\/)|(?<=www)\./gi, (mark) => `\\${mark}`)
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
  );
}

/** The same for a cell of a table: one line, not too long. */
export function cell(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const characters = Array.from(line);
  return plain(
    characters.length > LONGEST_CELL ? `${characters.slice(0, LONGEST_CELL - 1).join('')}…` : line,
  );
}

/** A value as it stands, in a code span that it cannot leave. */
export function code(text: string): string {
  return `\`${text.replace(/\s+/g, ' ').replace(INVISIBLE, '').replace(/`/g, "'").replace(/\|/g, '¦')}\``;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
