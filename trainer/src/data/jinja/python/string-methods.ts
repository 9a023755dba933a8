import { spendItems, spendText } from './budget.js';
import { centered, joined, padded, replaced, tabsExpanded, type Sides } from './change-text.js';
import { charactersOf, isSpace, lengthOfText } from './code-points.js';
import { integerOf } from './numbers.js';
import { SEARCH_METHODS } from './search-methods.js';
import { itemsOf } from './sequences.js';
import { linesOf, parted, splitFromBegin, splitFromEnd, stripped, type Side } from './split-text.js';
import { argument, integer, type StringMethod } from './string-method.js';
import { typeError, valueError } from './template-error.js';
import * as classes from './text-classes.js';
import { typeName } from './type-names.js';
import { isText, plainText } from './values.js';

const change = (call: (text: string) => string): StringMethod => ({
  parameters: [],
  call: (text) => counted(call(text)),
  keepsMarkup: true,
});
const check = (call: (text: string) => boolean): StringMethod => ({ parameters: [], call });
/** The methods of Python's `str`. */
export const STRING_METHODS: Readonly<Record<string, StringMethod>> = {
  ...SEARCH_METHODS,
  upper: change((text) => text.toUpperCase()),
  lower: change((text) => text.toLowerCase()),
  capitalize: change(classes.capitalized),
  title: change(classes.titleText),
  swapcase: change(classes.swapCase),
  casefold: change(classes.caseFolded),
  isalnum: check(classes.isAlnum),
  isalpha: check(classes.isAlpha),
  isascii: check(classes.isAscii),
  isdecimal: check(classes.isDecimal),
  isdigit: check(classes.isDigit),
  isnumeric: check(classes.isNumeric),
  isidentifier: check(classes.isIdentifier),
  islower: check(classes.isLower),
  isupper: check(classes.isUpper),
  istitle: check(classes.isTitle),
  isprintable: check(classes.isPrintable),
  isspace: check((text) => text !== '' && charactersOf(text).every(isSpace)),
  strip: stripping('both'),
  lstrip: stripping('begin'),
  rstrip: stripping('end'),
  split: splitting(splitFromBegin),
  rsplit: splitting(splitFromEnd),
  splitlines: {
    parameters: [['keepends', false]],
    call: (text, keepsEnds) => linesOf(text, keepsEnds === true || (integerOf(keepsEnds) ?? 0n) !== 0n),
  },
  partition: {
    parameters: ['sep'],
    call: (text, sep) => parted(text, sep, (part) => text.indexOf(part), 'begin'),
  },
  rpartition: {
    parameters: ['sep'],
    call: (text, sep) => parted(text, sep, (part) => text.lastIndexOf(part), 'end'),
  },
  join: {
    parameters: ['iterable'],
    call: (text, items) => joined(text, itemsOf(items)),
  },
  replace: {
    parameters: ['old', 'new', ['count', -1n]],
    call: (text, before, after, count) =>
      replaced(text, argument(before, 'replace', 1), argument(after, 'replace', 2), integer(count)),
  },
  removeprefix: {
    parameters: ['prefix'],
    call: (text, prefix) => {
      const part = argument(prefix, 'removeprefix');
      return text.startsWith(part) ? text.slice(part.length) : text;
    },
  },
  removesuffix: {
    parameters: ['suffix'],
    call: (text, suffix) => {
      const part = argument(suffix, 'removesuffix');
      return part !== '' && text.endsWith(part) ? text.slice(0, -part.length) : text;
    },
  },
  ljust: padding('ljust', (missing) => [0, missing]),
  rjust: padding('rjust', (missing) => [missing, 0]),
  center: padding('center', centered),
  zfill: {
    parameters: ['width'],
    call: (text, width) => {
      const missing = Math.max(0, integer(width) - lengthOfText(text));
      const sign = /^[+-]/.exec(text)?.[0] ?? '';
      spendText(text.length + missing);
      return sign + '0'.repeat(missing) + text.slice(sign.length);
    },
  },
  expandtabs: {
    parameters: [['tabsize', 8n]],
    call: (text, size) => tabsExpanded(text, integer(size)),
  },
};

function counted(text: string): string {
  spendText(text.length);
  return text;
}

function stripping(side: Side): StringMethod {
  return {
    parameters: [['chars', null]],
    call: (text, characters) => stripped(text, characters, side),
    keepsMarkup: true,
  };
}

type Split = (text: string, sep: string | undefined, max: number) => string[];

function splitting(split: Split): StringMethod {
  return {
    parameters: [
      ['sep', null],
      ['maxsplit', -1n],
    ],
    call: (text, sep, max) => {
      if (sep !== null && !isText(sep)) throw typeError(`must be str or None, not ${typeName(sep)}`);
      if (sep !== null && plainText(sep) === '') throw valueError('empty separator');
      const most = integer(max);
      const parts = split(
        text,
        sep === null ? undefined : plainText(sep),
        most < 0 ? Number.MAX_SAFE_INTEGER : most,
      );
      spendItems(parts.length);
      return parts;
    },
  };
}

function padding(name: string, sides: Sides): StringMethod {
  return {
    parameters: ['width', ['fillchar', ' ']],
    call: (text, width, fill) => {
      const character = argument(fill, name, 2);
      if (lengthOfText(character) !== 1)
        throw typeError('The fill character must be exactly one character long');
      return padded(text, integer(width), character, sides);
    },
  };
}
