import { UserError } from '../../errors.js';
import { MOST_ROW_CHARACTERS } from './lines-of.js';
import { words } from '../../words/index.js';

/** One row of a JSON text, before it is parsed. */
export interface JsonValueText {
  /** From 1, by position in the text. */
  readonly index: number;
  /** Line of its begin, from 1. */
  readonly line: number;
  /** undefined when it is too long to be held. */
  readonly text: string | undefined;
  /** The begin of a text that is too long. */
  readonly head: string;
  /** Whether it is an item of a list that is the whole text. */
  readonly inList: boolean;
}

const HEAD_CHARACTERS = 64 * 1024;
const [FEED, QUOTE, BACKSLASH, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [
  0x0a, 0x22, 0x5c, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d,
];

/**
 * Divides a JSON text into the items of its list, or into the values that follow one another. Holds one value at a time, and none that is
 * too long; whether a value is sound is seen when it is parsed.
 */
export async function* jsonValuesOf(
  pieces: AsyncIterable<string>,
  path: string,
): AsyncGenerator<JsonValueText> {
  const splitter = new JsonSplitter(path);
  for await (const piece of pieces) yield* splitter.push(piece);
  yield* splitter.end();
}

type Place = 'begin' | 'values' | 'first item' | 'item' | 'after item' | 'end';

class JsonSplitter {
  private place: Place = 'begin';
  private line = 1;
  private index = 0;
  /** Of the value that is being read; undefined between values. */
  private value: { line: number; parts: string[]; length: number; head: string } | undefined;
  private depth = 0;
  private inString = false;
  private isEscaped = false;

  constructor(private readonly path: string) {}

  *push(piece: string): Generator<JsonValueText> {
    let begin = 0;
    for (let at = 0; at < piece.length; at++) {
      const code = piece.charCodeAt(at);
      if (this.value === undefined) {
        if (code === FEED) this.line++;
        if (isSpace(code) || !this.startsValue(code)) continue;
        this.value = { line: this.line, parts: [], length: 0, head: '' };
        begin = at;
      }
      const isOver = this.follow(code);
      if (isOver === undefined) continue;
      const end = isOver === 'with' ? at + 1 : at;
      this.hold(piece.slice(begin, end));
      yield this.take();
      // The character that ended a number or a word is looked at again.
      if (isOver === 'before') at--;
    }
    if (this.value !== undefined) this.hold(piece.slice(begin));
  }

  *end(): Generator<JsonValueText> {
    if (this.value !== undefined) {
      if (this.depth > 0 || this.inString) throw this.wrong('the text ends within a value');
      yield this.take();
    }
    if (this.place !== 'values' && this.place !== 'end' && this.place !== 'begin')
      throw this.wrong('the text ends within its list');
  }

  /** Moves on between values. @returns whether a value begins here */
  private startsValue(code: number): boolean {
    if (this.place === 'begin') {
      this.place = code === OPEN_LIST ? 'first item' : 'values';
      return code !== OPEN_LIST;
    }
    if (this.place === 'values') return true;
    if (this.place === 'end') throw this.wrong('something follows the list');
    if (this.place === 'after item') {
      if (code === CLOSE_LIST) this.place = 'end';
      else if (code === COMMA) this.place = 'item';
      else throw this.wrong('a comma is missing between two rows');
      return false;
    }
    if (code === COMMA) throw this.wrong('there is a comma too many');
    if (code !== CLOSE_LIST) return true;
    if (this.place === 'item') throw this.wrong('there is a comma before the end of the list');
    this.place = 'end';
    return false;
  }

  /** Follows the value by one character. @returns whether it ends with the character or before it */
  private follow(code: number): 'with' | 'before' | undefined {
    if (code === FEED) this.line++;
    if (this.inString) {
      if (this.isEscaped) this.isEscaped = false;
      else if (code === BACKSLASH) this.isEscaped = true;
      else if (code === QUOTE) {
        this.inString = false;
        return this.depth === 0 ? 'with' : undefined;
      }
      return undefined;
    }
    if (code === QUOTE) {
      this.inString = true;
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      this.depth++;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      if (this.depth === 0) return 'before';
      this.depth--;
      return this.depth === 0 ? 'with' : undefined;
    } else if (this.depth === 0 && (code === COMMA || isSpace(code))) {
      if (code === FEED) this.line--;
      return 'before';
    }
    return undefined;
  }

  private hold(part: string): void {
    const value = this.value!;
    value.length += part.length;
    if (value.head.length < HEAD_CHARACTERS) value.head += part.slice(0, HEAD_CHARACTERS - value.head.length);
    if (value.length <= MOST_ROW_CHARACTERS) value.parts.push(part);
    else value.parts = [];
  }

  private take(): JsonValueText {
    const { line, parts, length, head } = this.value!;
    this.value = undefined;
    const inList = this.place !== 'values';
    if (inList) this.place = 'after item';
    const text = length > MOST_ROW_CHARACTERS ? undefined : parts.join('');
    return { index: ++this.index, line, text, head, inList };
  }

  private wrong(reason: string): UserError {
    return new UserError(words().dataset.notJson(`${this.path}:${this.line}`, reason));
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
