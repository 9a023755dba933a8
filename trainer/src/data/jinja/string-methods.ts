import { isList, itemsOf, textOf, type Value } from './values.js';

type Method = (text: string, ...args: readonly unknown[]) => unknown;

const asText = (value: unknown): string => {
  if (typeof value !== 'string') throw new Error('a text is expected as an argument');
  return value;
};
const isCased = (text: string) => text.toLowerCase() !== text.toUpperCase();

/** Python's methods of a text that the library lacks. */
const STRING_METHODS: Readonly<Record<string, Method>> = {
  strip: (text, characters) => stripped(text, characters, 'both'),
  lstrip: (text, characters) => stripped(text, characters, 'begin'),
  rstrip: (text, characters) => stripped(text, characters, 'end'),
  capitalize: (text) => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase(),
  find: (text, part) => codePoints(text, text.indexOf(asText(part))),
  rfind: (text, part) => codePoints(text, text.lastIndexOf(asText(part))),
  index: (text, part) => {
    const at = text.indexOf(asText(part));
    if (at < 0) throw new Error('substring not found');
    return codePoints(text, at);
  },
  count: (text, part) => text.split(asText(part)).length - 1,
  join: (text, items) =>
    (Array.isArray(items) ? (items as readonly Value[]) : []).map((item) => asText(item.value)).join(text),
  isdigit: (text) => /^\p{Nd}+$/u.test(text),
  isnumeric: (text) => /^\p{N}+$/u.test(text),
  isalpha: (text) => /^\p{L}+$/u.test(text),
  isalnum: (text) => /^[\p{L}\p{N}]+$/u.test(text),
  isspace: (text) => /^\s+$/u.test(text),
  isupper: (text) => isCased(text) && text === text.toUpperCase(),
  islower: (text) => isCased(text) && text === text.toLowerCase(),
  splitlines: (text) => (text === '' ? [] : text.replace(/(?:\r\n|\r|\n)$/, '').split(/\r\n|\r|\n/)),
  swapcase: (text) =>
    Array.from(text, (c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join(''),
  casefold: (text) => text.toLowerCase(),
  removeprefix: (text, part) => (text.startsWith(asText(part)) ? text.slice(asText(part).length) : text),
  removesuffix: (text, part) =>
    part !== '' && text.endsWith(asText(part)) ? text.slice(0, -asText(part).length) : text,
  zfill: (text, width) => text.padStart(bounded(width), '0'),
  ljust: (text, width) => text.padEnd(bounded(width)),
  rjust: (text, width) => text.padStart(bounded(width)),
  partition: (text, part) => {
    const at = text.indexOf(asText(part));
    return at < 0 ? [text, '', ''] : [text.slice(0, at), part, text.slice(at + asText(part).length)];
  },
  rpartition: (text, part) => {
    const at = text.lastIndexOf(asText(part));
    return at < 0 ? ['', '', text] : [text.slice(0, at), part, text.slice(at + asText(part).length)];
  },
};

/** The method as a function of its arguments; undefined when there is none of the name. */
export function stringMethod(
  text: string,
  name: string,
): ((...args: readonly unknown[]) => unknown) | undefined {
  const method = Object.hasOwn(STRING_METHODS, name) ? STRING_METHODS[name] : undefined;
  return method === undefined ? undefined : (...args) => method(text, ...args);
}

function codePoints(text: string, units: number): number {
  return units < 0 ? units : Array.from(text.slice(0, units)).length;
}

/** Python's `strip` of white space, or of any of the characters. */
export function stripped(text: string, characters: unknown, side: 'begin' | 'end' | 'both'): string {
  const set = typeof characters === 'string' ? new Set(characters) : undefined;
  const goes = (character: string | undefined) =>
    character !== undefined && (set ? set.has(character) : isSpace(character));
  const all = Array.from(text);
  let [begin, end] = [0, all.length];
  if (side !== 'end') while (begin < end && goes(all[begin])) begin++;
  if (side !== 'begin') while (end > begin && goes(all[end - 1])) end--;
  return all.slice(begin, end).join('');
}

/** Python's white space: that of JavaScript without the byte order mark, and a few control characters. */
function isSpace(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return (/\s/.test(character) && code !== 0xfeff) || (code >= 0x1c && code <= 0x1f) || code === 0x85;
}

function bounded(width: unknown): number {
  return typeof width === 'number' ? Math.min(width, 10_000) : 0;
}

/** Python's `text % values` for the directives that templates use. */
export function formatPercent(format: string, values: Value): string {
  const items = values.type === 'TupleValue' || isList(values) ? [...itemsOf(values)] : [values];
  const text = format.replace(/%(0?)(\d*)(?:\.(\d+))?([sdifr%])/g, (_, zero, width, precision, kind) => {
    if (kind === '%') return '%';
    const item = items.shift();
    if (!item) throw new Error('not enough arguments for format string');
    let field = textOf(item);
    if (kind === 'd' || kind === 'i') field = String(Math.trunc(Number(item.value)));
    if (kind === 'f') field = Number(item.value).toFixed(precision === undefined ? 6 : Number(precision));
    return field.padStart(Math.min(Number(width || 0), 1000), zero ? '0' : ' ');
  });
  if (items.length > 0) throw new Error('not all arguments converted during string formatting');
  return text;
}

/** Jinja's filter `title`. */
export function titleOf(text: string): string {
  return text
    .split(/([-\s({[<]+)/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
    .join('');
}
