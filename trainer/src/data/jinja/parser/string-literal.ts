import { unsupported, valueError } from '../python/template-error.js';
import { escapedCode } from '../python/text-of.js';

const SIMPLE: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** What a literal between its quotes means: jinja2 escapes what is not ASCII and then reads Python's escapes. */
export function stringLiteral(source: string): string {
  if (!source.includes('\\')) return source;
  const ascii = source.replace(/[^\0-\x7f]/gu, (character) => escapedCode(character.codePointAt(0) ?? 0));
  return ascii.replace(
    /\\(?:([0-7]{1,3})|([xuU])([0-9a-fA-F]*)|(N)|([\s\S])|$)/g,
    (all, octal?: string, kind?: string, hex = '', name?: string, simple?: string) => {
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      if (name !== undefined) throw unsupported('"\\N" in a text');
      if (simple !== undefined) return SIMPLE[simple] ?? all;
      if (kind === undefined) throw valueError('\\ at end of string');
      const length = DIGITS[kind]!;
      if (hex.length < length)
        throw valueError(`truncated \\${kind}${kind === 'U' ? 'XXXXXXXX' : 'X'.repeat(length)} escape`);
      const code = Number.parseInt(hex.slice(0, length), 16);
      if (code > 0x10ffff) throw valueError('illegal Unicode character');
      return String.fromCodePoint(code) + hex.slice(length);
    },
  );
}
