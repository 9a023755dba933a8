import { SPACES } from '../python/code-points.js';
import { stripped } from '../python/split-text.js';
import { stringLiteral } from './string-literal.js';
import { TemplateError } from '../python/template-error.js';

export type TokenKind =
  | 'data'
  | 'variable_begin'
  | 'variable_end'
  | 'block_begin'
  | 'block_end'
  | 'name'
  | 'string'
  | 'integer'
  | 'float'
  | 'operator'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Of a string what it means, else what stands there. */
  readonly text: string;
  readonly line: number;
}

const BEGIN = /\{(%|\{|#)([-+]?)/g;
const RAW_BEGIN = new RegExp(`\\{%[-+]?${SPACES}*raw${SPACES}*(?:-%\\}${SPACES}*|%\\})`, 'y');
const RAW_END = new RegExp(`\\{%([-+]?)${SPACES}*endraw${SPACES}*(?:\\+%\\}|-%\\}${SPACES}*|%\\}\\n?)`, 'g');
const COMMENT_END = new RegExp(`\\+#\\}|-#\\}${SPACES}*|#\\}\\n?`, 'g');
const BLOCK_END = new RegExp(`\\+%\\}|-%\\}${SPACES}*|%\\}\\n?`, 'y');
const VARIABLE_END = new RegExp(`-\\}\\}${SPACES}*|\\}\\}`, 'y');

/** What may stand in a tag, in the order in which it is tried. */
const PARTS: readonly (readonly [TokenKind | 'space', RegExp])[] = [
  ['space', new RegExp(`${SPACES}+`, 'y')],
  ['float', /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy],
  ['integer', /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy],
  ['name', /[\p{L}\p{N}_]+/uy],
  ['string', /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y],
  ['operator', /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y],
];

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** The tokens of a template with the settings of transformers: `trim_blocks` and `lstrip_blocks`. */
export function tokensOf(template: string): Token[] {
  // jinja2 makes every line end one "\n", and leaves out the last.
  return new Lexer(template.replace(/\r\n?/g, '\n').replace(/\n$/, '')).tokens();
}

class Lexer {
  private readonly found: Token[] = [];
  private at = 0;
  private line = 1;
  private lineOf = 0;
  /** Whether a tag at this place stands at the begin of its line. */
  private startsLine = true;

  constructor(private readonly source: string) {}

  tokens(): Token[] {
    while (this.at < this.source.length) this.readDataAndTag();
    this.add('end', '');
    return this.found;
  }

  private readDataAndTag(): void {
    BEGIN.lastIndex = this.at;
    const begin = BEGIN.exec(this.source);
    if (!begin) {
      this.add('data', this.source.slice(this.at));
      this.at = this.source.length;
      return;
    }
    const [all, mark = '', sign = ''] = begin;
    this.addData(begin.index, sign, mark !== '{');
    this.at = begin.index;
    RAW_BEGIN.lastIndex = begin.index;
    const raw = mark === '%' ? RAW_BEGIN.exec(this.source) : null;
    if (raw) {
      this.move(raw[0]);
      this.readRaw();
    } else if (mark === '#') {
      this.move(all);
      this.readComment();
    } else {
      this.add(mark === '%' ? 'block_begin' : 'variable_begin', all);
      this.move(all);
      this.readTag(mark === '%' ? 'block_end' : 'variable_end');
    }
  }

  /** The text before a tag. @param isStripped white space before the tag on its line goes */
  private addData(end: number, sign: string, isStripped: boolean): void {
    const text = this.source.slice(this.at, end);
    if (sign === '-') this.add('data', stripped(text, null, 'end'));
    else this.add('data', sign === '' && isStripped ? this.withoutIndent(text) : text);
  }

  private withoutIndent(text: string): string {
    const lineBegin = text.lastIndexOf('\n') + 1;
    if (lineBegin === 0 && !this.startsLine) return text;
    return ALL_SPACE.test(text.slice(lineBegin)) ? text.slice(0, lineBegin) : text;
  }

  private readRaw(): void {
    RAW_END.lastIndex = this.at;
    const end = RAW_END.exec(this.source);
    if (!end) throw this.error('Missing end of raw directive');
    this.addData(end.index, end[1] ?? '', true);
    this.at = end.index;
    this.move(end[0]);
  }

  private readComment(): void {
    COMMENT_END.lastIndex = this.at;
    const end = COMMENT_END.exec(this.source);
    if (!end) throw this.error('Missing end of comment tag');
    this.at = end.index;
    this.move(end[0]);
  }

  private readTag(endKind: 'block_end' | 'variable_end'): void {
    const ending = endKind === 'block_end' ? BLOCK_END : VARIABLE_END;
    const open: string[] = [];
    while (this.at < this.source.length) {
      ending.lastIndex = this.at;
      const end = open.length === 0 ? ending.exec(this.source) : null;
      if (end) {
        this.add(endKind, end[0]);
        this.move(end[0]);
        return;
      }
      this.readPart(open);
    }
  }

  private readPart(open: string[]): void {
    for (const [kind, pattern] of PARTS) {
      pattern.lastIndex = this.at;
      const text = pattern.exec(this.source)?.[0];
      if (text === undefined) continue;
      if (kind === 'operator') this.balance(text, open);
      if (kind === 'name' && !/^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(text))
        throw this.error('Invalid character in identifier');
      if (kind !== 'space') this.add(kind, kind === 'string' ? this.stringOf(text) : text);
      this.move(text);
      return;
    }
    const character = String.fromCodePoint(this.source.codePointAt(this.at) ?? 0);
    throw this.error(`unexpected char '${character}' at ${this.at}`);
  }

  private stringOf(text: string): string {
    try {
      return stringLiteral(text.slice(1, -1));
    } catch (error) {
      throw error instanceof TemplateError ? this.error(error.message) : error;
    }
  }

  private balance(text: string, open: string[]): void {
    const closing = CLOSING[text];
    if (closing !== undefined) open.push(closing);
    else if (text === ')' || text === ']' || text === '}') {
      const expected = open.pop();
      if (expected === undefined) throw this.error(`unexpected '${text}'`);
      if (expected !== text) throw this.error(`unexpected '${text}', expected '${expected}'`);
    }
  }

  private add(kind: TokenKind, text: string): void {
    if (kind !== 'data' || text !== '') this.found.push({ kind, text, line: this.currentLine() });
  }

  private currentLine(): number {
    for (let at = this.lineOf; at < this.at; at++) if (this.source[at] === '\n') this.line++;
    this.lineOf = Math.max(this.lineOf, this.at);
    return this.line;
  }

  private move(text: string): void {
    this.at += text.length;
    this.startsLine = text.endsWith('\n');
  }

  private error(message: string): TemplateError {
    return new TemplateError('TemplateSyntaxError', `${message} (line ${this.currentLine()})`);
  }
}

const ALL_SPACE = new RegExp(`^${SPACES}+$`);
