import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  type Compressors,
  type FileMetaData,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { UserError } from '../../errors.js';
import { notTheFile } from '../../support/index.js';
import { messageOf } from '../failure.js';
import { UnreadableValue } from '../unreadable-value.js';
import { headOf } from './encoding/read-bytes.js';
import { limitsBroken, MOST_PAGE_BYTES } from './parquet-limits.js';
import { pagesBroken } from './parquet-pages.js';
import type { PlacedRow } from './placed-row.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Texts are UTF-8 by the format; what is none is left out by name instead of being replaced. */
const PARSERS = {
  stringFromBytes(bytes: Uint8Array): unknown {
    try {
      return bytes && decoder.decode(bytes);
    } catch {
      return new UnreadableValue('is not UTF-8 text');
    }
  },
};

/** The library makes room for what a page says of itself. */
const LIMITED_COMPRESSORS = Object.fromEntries(
  Object.entries(compressors).map(([name, decompress]) => [
    name,
    (input: Uint8Array, bytes: number) => {
      if (bytes > MOST_PAGE_BYTES) throw new Error(`a page says it unpacks to ${bytes} bytes`);
      return decompress(input, bytes);
    },
  ]),
) as Compressors;

/** Apache Parquet, one row group in memory at a time. */
export async function* readParquet(path: string): AsyncGenerator<PlacedRow> {
  const other = notTheFile(await headOf(path, 512));
  if (other !== undefined) throw new UserError(`${path} ${other}.`);
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const broken = limitsBroken(metadata, file.byteLength);
    if (broken !== undefined) throw new Error(broken);
    const inexact = inexactColumns(metadata);
    let rowStart = 0;
    for (const [index, group] of metadata.row_groups.entries()) {
      const brokenPage = await pagesBroken(file, group);
      if (brokenPage !== undefined) throw new Error(`row group ${index + 1}, ${brokenPage}`);
      const rowEnd = rowStart + Number(group.num_rows);
      const rows = await parquetReadObjects({
        file,
        metadata,
        compressors: LIMITED_COMPRESSORS,
        parsers: PARSERS,
        rowStart,
        rowEnd,
      });
      for (const [at, row] of rows.entries())
        yield { place: `${path}: row ${rowStart + at + 1}`, row: withoutInexact(row, inexact) };
      rowStart = rowEnd;
    }
  } catch (error) {
    throw new UserError(`${path} is not a readable Parquet file: ${messageOf(error)}`);
  }
}

/** Columns of numbers that have no text of their own: 1.10 and 1.1 are the same bits. */
function inexactColumns({ schema }: FileMetaData): readonly string[] {
  return schema
    .filter(
      ({ type, converted_type: converted }) =>
        type === 'FLOAT' || type === 'DOUBLE' || converted === 'DECIMAL' || type === 'INT96',
    )
    .map(({ name }) => name);
}

function withoutInexact(row: Record<string, unknown>, inexact: readonly string[]): Record<string, unknown> {
  const names = inexact.filter((name) => typeof row[name] === 'number');
  if (names.length === 0) return row;
  const value = new UnreadableValue('is a number whose digits the file does not keep: store it as a text');
  return { ...row, ...Object.fromEntries(names.map((name) => [name, value])) };
}
