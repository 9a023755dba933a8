/** Longest row accepted, characters: a file without line feeds must not fill the memory. */
export const MOST_ROW_CHARACTERS = 16 * 1024 * 1024;

export const OVERSIZED = `longer than ${MOST_ROW_CHARACTERS} characters`;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its end; undefined when it is too long to be held. */
  readonly text: string | undefined;
}

/**
 * The lines of a text. Only a line feed ends one: other separators, such as U+2028, stand unescaped in JSON texts. Holds one line at
 * a time, and none that is too long.
 */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<Line> {
  let number = 1;
  let parts: string[] = [];
  let length = 0;
  const add = (part: string): void => {
    length += part.length;
    if (length <= MOST_ROW_CHARACTERS) parts.push(part);
    else parts = [];
  };
  const take = (): Line => {
    const text = length > MOST_ROW_CHARACTERS ? undefined : parts.join('').replace(/\r$/, '');
    parts = [];
    length = 0;
    return { number: number++, text };
  };
  for await (const piece of pieces) {
    let begin = 0;
    for (let feed = piece.indexOf('\n'); feed !== -1; feed = piece.indexOf('\n', begin)) {
      add(piece.slice(begin, feed));
      begin = feed + 1;
      yield take();
    }
    add(piece.slice(begin));
  }
  if (length > 0) yield take();
}
