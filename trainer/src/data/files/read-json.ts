import { extname } from 'node:path';
import { UserError } from '../../errors.js';
import { isJsonObject } from '../../support/index.js';
import { words } from '../../words/index.js';
import { endOfString, parseExactJson, RepeatedNameError, WrittenNumber } from '../exact-json.js';
import { messageOf } from '../failure.js';
import { ROW_FORMATS } from '../formats/detect-format.js';
import { listExpected } from '../formats/list-expected.js';
import { readText, type ReadOptions } from './encoding/read-text.js';
import { jsonValuesOf, type JsonValueText } from './json-values.js';
import { linesOf, OVERSIZED } from './lines-of.js';
import { BrokenRow, UnusableRow, type PlacedRow } from './placed-row.js';
import { wrappedRows } from './wrapped-rows.js';

const HEAD_CHARACTERS = 64 * 1024;
const MOST_LINE_LOOKED_AT = 32 * 1024;

/**
 * The rows of a JSON file: one object a line, a list of objects, or objects printed over several lines, whatever the name says. Holds one
 * row at a time.
 */
export async function* readJson(path: string, options: ReadOptions): AsyncGenerator<PlacedRow> {
  const pieces = readText(path, options);
  const first = await pieces.next();
  if (first.done === true) return;
  const text = joined(first.value, pieces);
  const isJson = extname(path.toLowerCase().replace(/\.gz$/, '')) === '.json';
  const rows = hasRowsInLines(first.value.slice(0, HEAD_CHARACTERS), isJson)
    ? rowsOfLines(text, path)
    : rowsOfText(text, path);
  yield* unwrapped(rows, path, options);
}

/** An object around the rows is opened, and that is told. */
async function* unwrapped(
  rows: AsyncIterable<PlacedRow>,
  path: string,
  { note, columns = [] }: ReadOptions,
): AsyncGenerator<PlacedRow> {
  let isFirst = true;
  for await (const placed of rows) {
    const { row } = placed;
    const isObject = !(row instanceof BrokenRow || row instanceof UnusableRow);
    const wrapped = isFirst && isObject ? wrappedRows(row, columns) : undefined;
    isFirst = false;
    if (wrapped === undefined) {
      yield placed;
      continue;
    }
    const { field, others } = wrapped;
    note(words().files.unwrapped(path, field, others.join(', ')));
    for (const [index, item] of wrapped.rows.entries())
      yield { place: `${path}: ${field}[${index}]`, row: item };
  }
}

async function* joined(first: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

/**
 * Programs that print a row over several lines, or a list, end the first line with its bracket.
 * @param isJson by its name the file may as well be one object, on one line that has no end
 */
function hasRowsInLines(head: string, isJson: boolean): boolean {
  const begin = head.trimStart();
  if (isJson && begin.length > MOST_LINE_LOOKED_AT && !begin.includes('\n')) return false;
  const line = begin.split('\n', 1)[0]?.trim() ?? '';
  return !line.startsWith('[') && line !== '{';
}

async function* rowsOfLines(text: AsyncIterable<string>, path: string): AsyncGenerator<PlacedRow> {
  for await (const { number, text: line } of linesOf(text)) {
    const place = `${path}:${number}`;
    if (line === undefined) yield { place, row: new UnusableRow(`the line is ${OVERSIZED}`) };
    else if (line.trim() !== '') yield { place, row: parseRow(line) };
  }
}

async function* rowsOfText(text: AsyncIterable<string>, path: string): AsyncGenerator<PlacedRow> {
  for await (const value of jsonValuesOf(text, path)) {
    const place = value.inList ? `${path}: row ${value.index}` : `${path}:${value.line}`;
    if (value.text === undefined) {
      if (!value.inList && value.index === 1) refuseLargeObject(value, place);
      yield { place, row: new UnusableRow(`the row is ${OVERSIZED}`) };
      continue;
    }
    const row = parseRow(value.text);
    // A list has no line of its own for each row, but a mistake in it has.
    const isInvalid = row instanceof BrokenRow && row.reason.startsWith(INVALID);
    yield { place: isInvalid ? lineOfMistake(value, row.reason, path) : place, row };
  }
}

/** An object of that size is no row. */
function refuseLargeObject({ head }: JsonValueText, place: string): void {
  const names = fieldNamesIn(head);
  const isRow = names.some((name) => ROW_FORMATS.some(({ fields }) => fields.has(name)));
  if (names.length > 0 && !isRow) throw new UserError(`${place}: ${listExpected(names)}.`);
}

const INVALID = 'not valid JSON';

function parseRow(text: string): PlacedRow['row'] {
  let value: unknown;
  try {
    value = parseExactJson(text);
  } catch (error) {
    if (error instanceof RepeatedNameError) return new UnusableRow(words().rows.repeated(error.path));
    // Which of the stages runs out of stack depends on what stands on it already: the row is left out by each.
    if (error instanceof RangeError) return new UnusableRow('it is nested too deeply');
    return new BrokenRow(`${INVALID} (${messageOf(error)})`);
  }
  return isJsonObject(value) && !(value instanceof WrittenNumber)
    ? value
    : new BrokenRow('not a JSON object');
}

/** V8 names the character; people want the line. */
function lineOfMistake({ line, text = '' }: JsonValueText, message: string, path: string): string {
  const position = Number(/position (\d+)/.exec(message)?.[1] ?? 0);
  return `${path}:${line + text.slice(0, position).split('\n').length - 1}`;
}

/** The names of the fields of an object, as far as the begin of its text shows them. */
function fieldNamesIn(head: string): string[] {
  const names: string[] = [];
  let depth = 0;
  for (let at = 0; at < head.length; at++) {
    const character = head[at]!;
    if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    else if (character === '"') {
      const end = endOfString(head, at);
      if (depth === 1 && head.startsWith('{') && /^\s*:/.test(head.slice(end, end + 8)))
        names.push(head.slice(at + 1, end - 1));
      at = end - 1;
    }
  }
  return names;
}
