import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { UserError } from '../../errors.js';
import { DATA_EXTENSIONS, dataFilesOf } from './data-files.js';
import type { PlacedRow } from './placed-row.js';
import { readCsv } from './read-csv.js';
import { readJsonArray } from './read-json-array.js';
import { readJsonl } from './read-jsonl.js';
import { readParquet } from './read-parquet.js';

type Reader = (path: string) => AsyncIterable<PlacedRow>;

const READERS: Readonly<Record<(typeof DATA_EXTENSIONS)[number], Reader>> = {
  '.jsonl': readJsonl,
  '.ndjson': readJsonl,
  '.json': readJsonArray,
  '.csv': readCsv,
  '.tsv': readCsv,
  '.parquet': readParquet,
};

/** The rows of a data file, or of the data files of a folder, one after the other. @throws UserError when one cannot be read. */
export async function* readRows(uri: string): AsyncGenerator<PlacedRow> {
  for (const path of dataFilesOf(uri)) yield* readFile(path);
}

async function* readFile(path: string): AsyncGenerator<PlacedRow> {
  const reader = (READERS as Readonly<Record<string, Reader | undefined>>)[extname(path).toLowerCase()];
  if (!reader) {
    throw new UserError(`${path}: unknown kind of data file; use ${DATA_EXTENSIONS.join(', ')}.`);
  }
  const stats = await stat(path);
  if (!stats.isFile()) throw new UserError(`${path} is not a file.`);
  if (stats.size > 0) yield* reader(path);
}
