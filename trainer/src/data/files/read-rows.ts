import { stat } from 'node:fs/promises';
import { UserError } from '../../errors.js';
import { DATA_EXTENSIONS, dataKindOf, type DataExtension } from '../../support/index.js';
import { words } from '../../words/index.js';
import { dataFilesOf } from './data-files.js';
import type { ReadOptions } from './encoding/read-text.js';
import type { PlacedRow } from './placed-row.js';
import { readCsv } from './read-csv.js';
import { readJson } from './read-json.js';
import { readParquet } from './read-parquet.js';
import { readTextFile } from './read-text-file.js';
import { readWorkbook } from './workbook/read-workbook.js';

type Reader = (path: string, options: ReadOptions) => AsyncIterable<PlacedRow>;

const READERS: Readonly<Record<DataExtension, Reader>> = {
  '.jsonl': readJson,
  '.ndjson': readJson,
  '.json': readJson,
  '.csv': readCsv,
  '.tsv': readCsv,
  '.parquet': readParquet,
  '.txt': readTextFile,
  '.xlsx': readWorkbook,
};

/** Documents of office programs, which can save what is read. */
const OTHER_DOCUMENT = /\.(xls|xlsm|xlsb|xltx|et|ett|ods|numbers|docx?|wps|pdf)$/i;
/** Compressed as data sets sometimes are, in ways that are not read. */
const OTHER_COMPRESSION = /\.(zst|bz2|xz|zip|7z|tar|tgz)$|\.parquet\.gz$|\.tar\.gz$/i;

/** The rows of a data file, or of the data files of a folder, one after the other. @throws UserError when one cannot be read. */
export async function* readRows(uri: string, options: ReadOptions): AsyncGenerator<PlacedRow> {
  for (const path of dataFilesOf(uri)) yield* readFile(path, options);
}

async function* readFile(path: string, options: ReadOptions): AsyncGenerator<PlacedRow> {
  const kind = dataKindOf(path);
  if (kind === undefined) {
    if (OTHER_DOCUMENT.test(path)) throw new UserError(words().files.otherDocument(path));
    throw new UserError(
      OTHER_COMPRESSION.test(path)
        ? words().files.otherCompression(path)
        : words().files.otherKind(path, DATA_EXTENSIONS.join(', ')),
    );
  }
  if (options.sheet !== undefined && kind.extension !== '.xlsx')
    throw new UserError(words().workbook.notAWorkbook(path));
  const stats = await stat(path);
  if (!stats.isFile()) throw new UserError(words().dataset.notAFile(path));
  if (stats.size > 0) yield* READERS[kind.extension](path, options);
}
