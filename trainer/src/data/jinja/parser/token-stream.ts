import { TemplateError } from '../python/template-error.js';
import type { Token, TokenKind } from './tokens.js';

/** What a parser expects: a kind of token, or one of a name or operator. */
export type Expected = TokenKind | `name:${string}` | `operator:${string}`;

const DESCRIPTIONS: Partial<Record<TokenKind, string>> = {
  block_begin: 'begin of statement block',
  block_end: 'end of statement block',
  variable_begin: 'begin of print statement',
  variable_end: 'end of print statement',
  data: 'template data / text',
  end: 'end of template',
};

export class TokenStream {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  get current(): Token {
    return this.tokens[this.at]!;
  }

  get ahead(): Token {
    return this.tokens[this.at + 1] ?? this.current;
  }

  next(): Token {
    const token = this.current;
    if (token.kind !== 'end') this.at++;
    return token;
  }

  is(...expected: readonly Expected[]): boolean {
    return expected.some((one) => matches(this.current, one));
  }

  aheadIs(expected: Expected): boolean {
    return matches(this.ahead, expected);
  }

  skipIf(expected: Expected): boolean {
    const does = this.is(expected);
    if (does) this.next();
    return does;
  }

  expect(expected: Expected): Token {
    if (this.is(expected)) return this.next();
    const wanted = expected.includes(':')
      ? expected.slice(expected.indexOf(':') + 1)
      : describedKind(expected as TokenKind);
    if (this.current.kind === 'end') throw this.error(`unexpected end of template, expected '${wanted}'.`);
    throw this.error(`expected token '${wanted}', got '${described(this.current)}'`);
  }

  error(message: string, line = this.current.line): TemplateError {
    return new TemplateError('TemplateSyntaxError', `${message} (line ${line})`);
  }
}

function matches(token: Token, expected: Expected): boolean {
  const colon = expected.indexOf(':');
  if (colon < 0) return token.kind === expected;
  return token.kind === expected.slice(0, colon) && token.text === expected.slice(colon + 1);
}

export function described(token: Token): string {
  return token.kind === 'name' || token.kind === 'operator' ? token.text : describedKind(token.kind);
}

function describedKind(kind: TokenKind): string {
  return DESCRIPTIONS[kind] ?? kind;
}
