import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { parse } from 'csv-parse';
import { UserError } from '../../errors.js';
import { isJsonObject } from '../../support/index.js';
import { messageOf } from '../failure.js';
import type { PlacedRow } from './placed-row.js';

/** Comma-separated (or tab-separated, by extension) values with a header line, RFC 4180. Streamed. */
export async function* readCsv(path: string): AsyncGenerator<PlacedRow> {
  const parser = createReadStream(path).pipe(
    parse({
      bom: true,
      columns: true,
      info: true,
      skip_empty_lines: true,
      relax_column_count: false,
      max_record_size: 16 * 1024 * 1024,
      delimiter: extname(path).toLowerCase() === '.tsv' ? '\t' : ',',
    }),
  );
  try {
    for await (const item of parser as AsyncIterable<{
      record: Record<string, string>;
      info: { lines: number };
    }>) {
      yield { place: `${path}:${item.info.lines}`, row: item.record };
    }
  } catch (error) {
    const line = isJsonObject(error) ? error['lines'] : undefined;
    throw new UserError(`${path}${typeof line === 'number' ? `:${line}` : ''}: ${messageOf(error)}.`);
  } finally {
    parser.destroy();
  }
}
