import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { UserError } from '../../errors.js';
import { messageOf } from '../failure.js';
import type { PlacedRow } from './placed-row.js';

/** Apache Parquet, one row group in memory at a time. */
export async function* readParquet(path: string): AsyncGenerator<PlacedRow> {
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      const rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
      for (const [index, row] of rows.entries()) yield { place: `${path}: row ${rowStart + index + 1}`, row };
      rowStart = rowEnd;
    }
  } catch (error) {
    throw new UserError(`${path} is not a readable Parquet file: ${messageOf(error)}`);
  }
}
