import { spendText } from './budget.js';
import { charactersOf, isSpace, LINE_ENDS, SPACES } from './code-points.js';
import { typeError, valueError } from './template-error.js';
import { typeName } from './type-names.js';
import { isText, plainText, Tuple, type Value } from './values.js';

export type Side = 'begin' | 'end' | 'both';

/** Python's `strip` of white space, or of any of the characters. */
export function stripped(text: string, characters: Value, side: Side): string {
  if (characters !== null && !isText(characters)) throw typeError('strip arg must be None or str');
  const set = characters === null ? undefined : new Set(plainText(characters));
  const goes = (character: string) => (set ? set.has(character) : isSpace(character));
  const all = charactersOf(text);
  let [begin, end] = [0, all.length];
  if (side !== 'end') while (begin < end && goes(all[begin]!)) begin++;
  if (side !== 'begin') while (end > begin && goes(all[end - 1]!)) end--;
  return begin === 0 && end === all.length ? text : copied(all.slice(begin, end).join(''));
}

function copied(text: string): string {
  spendText(text.length);
  return text;
}

const GAP = new RegExp(`${SPACES}+`, 'g');

/** Python's `split`. */
export function splitFromBegin(text: string, sep: string | undefined, max: number): string[] {
  const source = sep === undefined ? stripped(text, null, 'begin') : text;
  if (sep === undefined && source === '') return [];
  const parts: string[] = [];
  let at = 0;
  for (const [begin, end] of gapsOf(source, sep)) {
    if (parts.length >= max) break;
    parts.push(source.slice(at, begin));
    at = end;
  }
  const rest = source.slice(at);
  if (sep !== undefined || rest !== '') parts.push(rest);
  return parts;
}

/** Python's `rsplit`. */
export function splitFromEnd(text: string, sep: string | undefined, max: number): string[] {
  const source = sep === undefined ? stripped(text, null, 'end') : text;
  if (sep === undefined && source === '') return [];
  const parts: string[] = [];
  let at = source.length;
  const gaps = sep === undefined ? gapsOf(source, sep).toReversed() : gapsFromEnd(source, sep);
  for (const [begin, end] of gaps) {
    if (parts.length >= max) break;
    parts.push(source.slice(end, at));
    at = begin;
  }
  const rest = source.slice(0, at);
  if (sep !== undefined || rest !== '') parts.push(rest);
  return parts.toReversed();
}

function gapsOf(text: string, sep: string | undefined): [begin: number, end: number][] {
  if (sep === undefined)
    return Array.from(text.matchAll(GAP), (gap) => [gap.index, gap.index + gap[0].length]);
  const gaps: [number, number][] = [];
  for (let at = text.indexOf(sep); at >= 0; at = text.indexOf(sep, at + sep.length))
    gaps.push([at, at + sep.length]);
  return gaps;
}

function gapsFromEnd(text: string, sep: string): [begin: number, end: number][] {
  const gaps: [number, number][] = [];
  for (
    let at = text.lastIndexOf(sep);
    at >= 0;
    at = at < sep.length ? -1 : text.lastIndexOf(sep, at - sep.length)
  )
    gaps.push([at, at + sep.length]);
  return gaps;
}

const NOT_END = LINE_ENDS.replace('[', '[^');
const LINE = new RegExp(`${NOT_END}*(?:\\r\\n|${LINE_ENDS})?`, 'g');
const LINE_END = new RegExp(`(?:\\r\\n|${LINE_ENDS})$`);
/** Python's `splitlines`. */
export function linesOf(text: string, keepsEnds = false): string[] {
  // The last match is the empty one at the end.
  const lines = (text.match(LINE) ?? []).slice(0, -1);
  return keepsEnds ? lines : lines.map((line) => line.replace(LINE_END, ''));
}

/** Python's `partition` and `rpartition`. */
export function parted(
  text: string,
  sep: Value,
  find: (part: string) => number,
  side: 'begin' | 'end',
): Tuple {
  if (!isText(sep)) throw typeError(`must be str, not ${typeName(sep)}`);
  const part = plainText(sep);
  if (part === '') throw valueError('empty separator');
  const at = find(part);
  if (at >= 0) return new Tuple([text.slice(0, at), part, text.slice(at + part.length)]);
  return new Tuple(side === 'begin' ? [text, '', ''] : ['', '', text]);
}
