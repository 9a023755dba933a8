import { lengthOfText, placeOfUnit, sliceText } from './code-points.js';
import type { Parameter } from './functions.js';
import { argument, integer, type StringMethod } from './string-method.js';
import { TemplateError, typeError } from './template-error.js';
import { typeName } from './type-names.js';
import { isText, plainText, Tuple, type Value } from './values.js';

const BOUNDS: readonly Parameter[] = [
  ['start', null],
  ['end', null],
];

/** The methods of Python's `str` that look for a part of it. */
export const SEARCH_METHODS: Readonly<Record<string, StringMethod>> = {
  find: finding((window, part) => window.indexOf(part)),
  rfind: finding((window, part) => window.lastIndexOf(part)),
  index: finding((window, part) => window.indexOf(part), 'substring not found'),
  rindex: finding((window, part) => window.lastIndexOf(part), 'substring not found'),
  count: {
    parameters: ['sub', ...BOUNDS],
    call: (text, sub, start, end) => {
      const [window] = windowOf(text, start, end) ?? [];
      const part = argument(sub, 'count', 1);
      if (window === undefined) return 0n;
      return BigInt(part === '' ? lengthOfText(window) + 1 : window.split(part).length - 1);
    },
  },
  startswith: affix('startswith', (window, part) => window.startsWith(part)),
  endswith: affix('endswith', (window, part) => window.endsWith(part)),
};

/** The part of a text between two places; undefined when it begins behind the end. */
function windowOf(text: string, start: Value, end: Value): [window: string, begin: number] | undefined {
  if (start === null && end === null) return [text, 0];
  const length = lengthOfText(text);
  const bound = (value: Value, fallback: number) => {
    const given = value === null ? fallback : integer(value);
    return given < 0 ? Math.max(0, given + length) : given;
  };
  const [from, to] = [bound(start, 0), Math.min(bound(end, length), length)];
  return from > to ? undefined : [sliceText(text, from, to), from];
}

function finding(find: (window: string, part: string) => number, absent?: string): StringMethod {
  return {
    parameters: ['sub', ...BOUNDS],
    call: (text, sub, start, end) => {
      const part = argument(sub, 'find', 1);
      const [window, begin = 0] = windowOf(text, start, end) ?? [];
      const at = window === undefined ? -1 : find(window, part);
      if (window !== undefined && at >= 0) return BigInt(begin + placeOfUnit(window, at));
      if (absent !== undefined) throw new TemplateError('ValueError', absent);
      return -1n;
    },
  };
}

function affix(name: string, has: (window: string, part: string) => boolean): StringMethod {
  return {
    parameters: [name === 'startswith' ? 'prefix' : 'suffix', ...BOUNDS],
    call: (text, given, start, end) => {
      const [window] = windowOf(text, start, end) ?? [];
      const parts = given instanceof Tuple ? given.items : [given!];
      return parts.some((part) => {
        if (!isText(part))
          throw typeError(
            given instanceof Tuple
              ? `tuple for ${name} must only contain str, not ${typeName(part)}`
              : `${name} first arg must be str or a tuple of str, not ${typeName(part)}`,
          );
        return window !== undefined && has(window, plainText(part));
      });
    },
  };
}
