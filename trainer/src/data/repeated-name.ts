interface Level {
  /** Of the object that is read; undefined in a list. */
  readonly names: Set<string> | undefined;
  readonly path: string;
  /** Of the field or item that is read. */
  at: string;
}

/** A token of a sound JSON text that matters to its structure: a text, or a bracket, comma or colon. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{},:]/gs;

/**
 * The path of the first name that an object of a sound JSON text has twice, such as `messages[0].content`; empty when there is
 * none.
 */
export function repeatedNameIn(text: string): string {
  const levels: Level[] = [];
  let isName = false;
  let item = 0;
  const items: number[] = [];
  for (const [token] of text.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (token === '{' || token === '[') {
      const path = level === undefined ? '' : pathOf(level);
      levels.push({ names: token === '{' ? new Set() : undefined, path, at: '0' });
      items.push(item);
      item = 0;
      isName = token === '{';
    } else if (token === '}' || token === ']') {
      levels.pop();
      item = items.pop() ?? 0;
      isName = false;
    } else if (token === ',') {
      if (level !== undefined && level.names === undefined) level.at = String(++item);
      isName = level?.names !== undefined;
    } else if (token === ':') {
      isName = false;
    } else if (isName && level?.names !== undefined) {
      level.at = JSON.parse(token) as string;
      if (level.names.has(level.at)) return pathOf(level);
      level.names.add(level.at);
    }
  }
  return '';
}

function pathOf({ names, path, at }: Level): string {
  if (names === undefined) return `${path}[${at}]`;
  return path === '' ? at : `${path}.${at}`;
}
