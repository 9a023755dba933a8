import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { UserError } from '../../errors.js';
import { messageOf } from '../failure.js';
import { checkedNames } from './checked-names.js';
import { csvLayout } from './csv-header.js';
import { readText, type ReadOptions } from './encoding/read-text.js';
import type { PlacedRow } from './placed-row.js';

const MOST_RECORD_BYTES = 16 * 1024 * 1024;
const HEAD_CHARACTERS = 64 * 1024;
const TAB = '\t';

/** Comma-separated values with a header line, RFC 4180; also with semicolons, tabs or bars between them. Streamed. */
export async function* readCsv(path: string, options: ReadOptions): AsyncGenerator<PlacedRow> {
  const pieces = readText(path, options);
  const first = await pieces.next();
  if (first.done === true) return;
  const isTabbed = extname(path.toLowerCase().replace(/\.gz$/, '')) === '.tsv';
  const layout = isTabbed ? { delimiter: TAB, skip: 0 } : csvLayout(first.value.slice(0, HEAD_CHARACTERS));
  if (!isTabbed && layout.delimiter !== ',')
    options.note(`${path} is read with ${JSON.stringify(layout.delimiter)} between its fields`);
  const skippedLines = layout.skip > 0 ? 1 : 0;
  const parser = parse({
    columns: (names: string[]) => checkedNames(names, `${path}:${1 + skippedLines}`),
    info: true,
    skip_empty_lines: true,
    // Spreadsheets save empty rows as delimiters alone.
    skip_records_with_empty_values: true,
    relax_column_count: false,
    max_record_size: MOST_RECORD_BYTES,
    delimiter: layout.delimiter,
  });
  const source = Readable.from(withoutBegin(first.value, layout.skip, pieces));
  source.on('error', (error) => parser.destroy(error)).pipe(parser);
  try {
    for await (const item of parser as AsyncIterable<{
      record: Record<string, string>;
      info: { lines: number };
    }>) {
      yield { place: `${path}:${item.info.lines + skippedLines}`, row: item.record };
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const line = error instanceof CsvError ? error['lines'] : undefined;
    const place = typeof line === 'number' ? `${path}:${line + skippedLines}` : path;
    throw new UserError(`${place}: ${reasonOf(error)}.`);
  } finally {
    source.destroy();
    parser.destroy();
  }
}

async function* withoutBegin(
  first: string,
  skip: number,
  rest: AsyncGenerator<string>,
): AsyncGenerator<string> {
  yield first.slice(skip);
  yield* rest;
}

function reasonOf(error: unknown): string {
  if (error instanceof CsvError && error.code === 'CSV_MAX_RECORD_SIZE')
    return `a row is longer than ${MOST_RECORD_BYTES} bytes; perhaps a quotation mark is not closed`;
  return messageOf(error);
}
