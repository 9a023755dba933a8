import type { PatternCursor } from './pattern-cursor.js';

export type Accepts = (character: string) => boolean;

const digit: Accepts = (found) => /\p{Nd}/u.test(found);
const word: Accepts = (found) => /[\p{L}\p{N}_]/u.test(found);
const space: Accepts = (found) => /\s/.test(found);

const SETS: Readonly<Record<string, Accepts>> = {
  d: digit,
  w: word,
  s: space,
  D: (found) => !digit(found),
  W: (found) => !word(found),
  S: (found) => !space(found),
};
const CONTROLS: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  f: '\f',
  v: '\v',
  a: '\x07',
  '0': '\0',
};

/** One character, or a set of them, behind a backslash. */
function escaped(cursor: PatternCursor): string | Accepts {
  const code = cursor.takeMatch(/x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}/y);
  if (code !== undefined) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
  const letter = cursor.next();
  const set = SETS[letter];
  if (set) return set;
  const control = CONTROLS[letter];
  if (control !== undefined) return control;
  if (/[A-Za-z0-9]/.test(letter)) throw cursor.wrong(`bad escape \\${letter}`);
  return letter;
}

export function readEscape(cursor: PatternCursor): Accepts {
  const found = escaped(cursor);
  return typeof found === 'string' ? (other) => other === found : found;
}

/** A set in brackets; the opening bracket has been read. */
export function readClass(cursor: PatternCursor): Accepts {
  const negated = cursor.take('^');
  const items: Accepts[] = [];
  const begin = cursor.position - 1;
  const item = (): string | Accepts => {
    if (cursor.done) throw cursor.wrong('unterminated character set', begin);
    if (!cursor.take('\\')) return cursor.next();
    return cursor.take('b') ? '\b' : escaped(cursor);
  };
  for (let first = true; first || !cursor.ahead(']'); first = false) {
    const low = item();
    const isRange = cursor.takeMatch(/-(?!\])/y) !== undefined;
    if (!isRange) {
      items.push(typeof low === 'string' ? (other) => other === low : low);
      continue;
    }
    const high = item();
    if (typeof low !== 'string' || typeof high !== 'string' || low > high) {
      throw cursor.wrong('bad character range', begin);
    }
    items.push((other) => other >= low && other <= high);
  }
  cursor.take(']');
  return (other) => items.some((accepts) => accepts(other)) !== negated;
}
