import { repeatedNameIn } from './repeated-name.js';

/** A number of a JSON text that JavaScript would print differently: `1.10`, `1e22`, an identifier of 20 digits. */
export class WrittenNumber {
  /** @param text as it stands in the file */
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

const MARK = '\u0000number';
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const [QUOTE, COLON, BACKSLASH, PLUS, MINUS, POINT, ZERO, NINE, UPPER_E, LOWER_E] = [
  0x22, 0x3a, 0x5c, 0x2b, 0x2d, 0x2e, 0x30, 0x39, 0x45, 0x65,
];

/** A name that stands twice in one object: a parser keeps the last value and does not say so. */
export class RepeatedNameError extends Error {
  /** @param path such as `messages[0].content` */
  constructor(readonly path: string) {
    super(`"${path}" stands in it twice`);
  }
}

/**
 * JSON.parse, except that a number whose digits would change becomes a {@link WrittenNumber}: a value that is trained must be what the
 * file says.
 * @throws SyntaxError as JSON.parse, with positions in `text`
 * @throws RepeatedNameError for an object with two values of one name
 */
export function parseExactJson(text: string): unknown {
  const { marked, names } = markNumbers(text);
  const value: unknown = marked === undefined ? JSON.parse(text) : parseMarked(marked, text);
  if (namesIn(value) !== names) throw new RepeatedNameError(repeatedNameIn(text));
  return value;
}

function parseMarked(marked: string, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(marked, reviveNumber);
  } catch (error) {
    JSON.parse(text);
    throw error;
  }
  return value;
}

/** JSON as Python prints it, which is how chat templates show arguments of tools. */
export function jsonText(value: unknown): string {
  if (value instanceof WrittenNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}: ${jsonText(field)}`);
  return `{${fields.join(', ')}}`;
}

/** How many names of fields a value holds; each stands before a colon in its text. */
function namesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null || value instanceof WrittenNumber) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += namesIn(item);
    return count;
  }
  for (const field of Object.values(value)) count += 1 + namesIn(field);
  return count;
}

interface MarkedText {
  /** The text with every number that would change wrapped in an object; undefined when there is none. */
  readonly marked: string | undefined;
  /** Names of fields in the text. */
  readonly names: number;
}

function markNumbers(text: string): MarkedText {
  const pieces: string[] = [];
  let copied = 0;
  let names = 0;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === MINUS || isDigit(code)) {
      const begin = at;
      do at++;
      while (isNumberPart(text.charCodeAt(at)));
      const token = text.slice(begin, at);
      if (String(Number(token)) !== token && NUMBER.test(token)) {
        pieces.push(text.slice(copied, begin), JSON.stringify({ [MARK]: token }));
        copied = at;
      }
    } else {
      if (code === COLON) names++;
      at++;
    }
  }
  return { marked: copied === 0 ? undefined : pieces.join('') + text.slice(copied), names };
}

function reviveNumber(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, MARK)) return value;
  const token = (value as Record<string, unknown>)[MARK];
  return typeof token === 'string' && NUMBER.test(token) ? new WrittenNumber(token) : value;
}

/** The position after the string that begins at `begin`. */
export function endOfString(text: string, begin: number): number {
  for (let quote = text.indexOf('"', begin + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

const isDigit = (code: number): boolean => code >= ZERO && code <= NINE;

const isNumberPart = (code: number): boolean =>
  isDigit(code) || code === POINT || code === UPPER_E || code === LOWER_E || code === PLUS || code === MINUS;
