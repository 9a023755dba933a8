import { spendText } from '../python/budget.js';
import { lengthOfText, sliceText, SPACES } from '../python/code-points.js';
import { Dict } from '../python/dict.js';
import { changedText, escapedText, htmlOf } from '../python/escape.js';
import { plain, type Filter, type Filters } from './filter-context.js';
import { integerOf } from '../python/numbers.js';
import { calculated } from '../python/operators.js';
import { isTrue, iteratorOf, iterate, itemsOf, lengthOf } from '../python/sequences.js';
import { centeredText, replaced } from '../python/change-text.js';
import { linesOf, stripped } from '../python/split-text.js';
import { TemplateError, typeError, unsupported, valueError } from '../python/template-error.js';
import { capitalized } from '../python/text-classes.js';
import { quoted, textOf } from '../python/text-of.js';
import { typeName } from '../python/type-names.js';
import { isText, Markup, plainText, Undefined, type Value } from '../python/values.js';

const textChange = (change: (text: string) => string): Filter =>
  plain((value) =>
    changedText(value, (text) => {
      spendText(text.length);
      return change(text);
    }),
  );

const refused = (name: string): Filter => ({
  parameters: [],
  apply: () => {
    throw unsupported(`the filter "${name}"`);
  },
});

/** jinja2's filters of texts. */
export const TEXT_FILTERS: Filters = {
  upper: textChange((text) => text.toUpperCase()),
  lower: textChange((text) => text.toLowerCase()),
  capitalize: textChange(capitalized),
  title: textChange(titleOf),
  string: plain((value) => (value instanceof Markup ? value : textOf(value))),
  safe: plain((value) => (value instanceof Markup ? value : new Markup(textOf(value)))),
  escape: plain((value) => new Markup(htmlOf(value))),
  e: plain((value) => new Markup(htmlOf(value))),
  forceescape: plain((value) => new Markup(escapedText(textOf(value)))),
  trim: {
    parameters: [['chars', null]],
    apply: (value, characters) => changedText(value, (text) => stripped(text, characters, 'both')),
  },
  center: {
    parameters: [['width', 80n]],
    apply: (value, width) => changedText(value, (text) => centeredText(text, integer(width))),
  },
  replace: {
    parameters: ['old', 'new', ['count', null]],
    apply: (value, before, after, count) =>
      replaced(textOf(value), textOf(before), textOf(after), count === null ? -1 : integer(count)),
  },
  indent: {
    parameters: [
      ['width', 4n],
      ['first', false],
      ['blank', false],
    ],
    apply: indented,
  },
  truncate: {
    parameters: [
      ['length', 255n],
      ['killwords', false],
      ['end', '...'],
      ['leeway', null],
    ],
    apply: truncated,
  },
  wordcount: plain((value) => BigInt(textOf(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)),
  urlencode: plain(urlEncoded),
  xmlattr: {
    parameters: [['autospace', true]],
    apply: (value, autospace) => {
      const text = xmlAttributes(value);
      return text !== '' && isTrue(autospace) ? ` ${text}` : text;
    },
  },
  striptags: refused('striptags'),
  urlize: refused('urlize'),
  wordwrap: refused('wordwrap'),
  pprint: refused('pprint'),
};

function integer(value: Value): number {
  const given = integerOf(value);
  if (given === undefined) throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
  return Number(given);
}

const WORD_BEGIN = new RegExp(`((?:[-({[<]|${SPACES})+)`);

/** jinja2's words begin behind spaces, hyphens and opening brackets. */
function titleOf(text: string): string {
  return text
    .split(WORD_BEGIN)
    .map((word) => {
      const first = word === '' ? '' : String.fromCodePoint(word.codePointAt(0) ?? 0);
      return first.toUpperCase() + word.slice(first.length).toLowerCase();
    })
    .join('');
}

function indented(value: Value, width: Value, first: Value, blank: Value): Value {
  if (value instanceof Undefined) return value.fail();
  const indention = isText(width) ? plainText(width) : spaces(integer(width));
  if (!isText(value)) throw typeError(`can only concatenate str (not "${typeName(value)}") to str`);
  const lines = linesOf(`${plainText(value)}\n`);
  spendText(textOf(value).length + indention.length * (lines.length + 1));
  const rest = lines.slice(1).map((line) => (isTrue(blank) || line !== '' ? indention + line : line));
  return changedText(value, () => (isTrue(first) ? indention : '') + [lines[0] ?? '', ...rest].join('\n'));
}

function spaces(count: number): string {
  spendText(Math.max(0, count));
  return ' '.repeat(Math.max(0, count));
}

function truncated(value: Value, length: Value, killsWords: Value, end: Value, leeway: Value): Value {
  const [most, tail, slack] = [integer(length), textOf(end), leeway === null ? 5 : integer(leeway)];
  const tailLength = lengthOfText(tail);
  if (most < tailLength)
    throw new TemplateError('AssertionError', `expected length >= ${tailLength}, got ${most}`);
  if (slack < 0) throw new TemplateError('AssertionError', `expected leeway >= 0, got ${slack}`);
  if (value instanceof Undefined) return value;
  if (lengthOf(value) <= BigInt(most + slack)) return value;
  if (!isText(value)) throw unsupported(`the filter "truncate" of a ${typeName(value)}`);
  const text = plainText(value);
  const cut = sliceText(text, 0, most - tailLength);
  const space = isTrue(killsWords) ? -1 : cut.lastIndexOf(' ');
  const begin = space < 0 ? cut : cut.slice(0, space);
  return calculated('+', value instanceof Markup ? new Markup(begin) : begin, end);
}

function quotedUrl(value: Value, isQuery: boolean): string {
  const text = encodeURIComponent(textOf(value)).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return isQuery ? text.replaceAll('%20', '+') : text.replaceAll('%2F', '/');
}

function urlEncoded(value: Value): Value {
  if (isText(value) || !iteratorOf(value)) return quotedUrl(value, false);
  const pairs = value instanceof Dict ? Array.from(value.entries()) : Array.from(iterate(value), itemsOf);
  return pairs
    .map((pair) => {
      if (pair.length !== 2) throw valueError('a pair of a name and a value is expected');
      return `${quotedUrl(pair[0]!, true)}=${quotedUrl(pair[1]!, true)}`;
    })
    .join('&');
}

function xmlAttributes(value: Value): string {
  if (!(value instanceof Dict)) throw unsupported('the filter "xmlattr" without a dict');
  const attributes: string[] = [];
  for (const [key, item] of value.entries()) {
    if (item === null || item instanceof Undefined) continue;
    if (!isText(key)) throw typeError(`expected string or bytes-like object, got '${typeName(key)}'`);
    if (/[\t-\r />=]/.test(plainText(key)))
      throw valueError(`Invalid character in attribute name: ${quoted(plainText(key))}`);
    attributes.push(`${htmlOf(key)}="${htmlOf(item)}"`);
  }
  return attributes.join(' ');
}
