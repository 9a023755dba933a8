import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../errors.js';
import { codeOf, messageOf } from '../failure.js';
import type { PlacedRow } from './placed-row.js';
import { readCsv } from './read-csv.js';
import { readJsonArray } from './read-json-array.js';
import { readJsonl } from './read-jsonl.js';
import { readParquet } from './read-parquet.js';

type Reader = (path: string) => AsyncIterable<PlacedRow>;

const READERS: Readonly<Record<string, Reader>> = {
  '.jsonl': readJsonl,
  '.ndjson': readJsonl,
  '.json': readJsonArray,
  '.csv': readCsv,
  '.tsv': readCsv,
  '.parquet': readParquet,
};

/** The rows of a data file, one after the other. @throws UserError when the file cannot be read. */
export async function* readRows(uri: string): AsyncGenerator<PlacedRow> {
  const path = pathOf(uri);
  const reader = READERS[extname(path).toLowerCase()];
  if (!reader) {
    throw new UserError(`${path}: unknown kind of data file; use ${Object.keys(READERS).join(', ')}.`);
  }
  let size: number;
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw new UserError(`${path} is not a file.`);
    size = stats.size;
  } catch (error) {
    if (error instanceof UserError) throw error;
    const missing = codeOf(error) === 'ENOENT';
    throw new UserError(missing ? `${path} does not exist.` : `${path} cannot be read: ${messageOf(error)}`);
  }
  if (size > 0) yield* reader(path);
}

/** The file that a source names. @throws UserError for a scheme that a worker cannot read. */
export function pathOf(uri: string): string {
  if (uri.startsWith('file://')) return fileURLToPath(uri);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(uri)?.[1];
  if (scheme)
    throw new UserError(`dataset source ${uri}: a worker reads files only; fetch ${scheme}:// data first.`);
  return uri;
}
