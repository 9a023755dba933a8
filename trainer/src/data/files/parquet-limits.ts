import type { FileMetaData } from 'hyparquet';

/** A page is meant to have a megabyte; dictionaries of long texts have some more. */
export const MOST_PAGE_BYTES = 256 * 1024 * 1024;
/** One row group is in memory at a time. */
export const MOST_GROUP_BYTES = 2 * 1024 * 1024 * 1024;
const MOST_GROUP_ROWS = 20_000_000;
const MOST_GROUPS = 1_000_000;
/** A list has several values in a row. */
export const MOST_COLUMN_VALUES = 4 * MOST_GROUP_ROWS;

/** What a Parquet file says of itself and cannot be, or is too much for this machine; undefined when it is sound. */
export function limitsBroken({ row_groups: groups }: FileMetaData, fileBytes: number): string | undefined {
  if (groups.length > MOST_GROUPS)
    return `it has ${groups.length} row groups (at most ${MOST_GROUPS}): write it with larger ones`;
  for (const [index, group] of groups.entries()) {
    const name = `row group ${index + 1}`;
    const rows = Number(group.num_rows);
    if (!(rows >= 0 && rows <= MOST_GROUP_ROWS))
      return `${name} says it has ${rows} rows (at most ${MOST_GROUP_ROWS}): write it with smaller row groups`;
    let bytes = 0;
    for (const { meta_data: column } of group.columns) {
      if (column === undefined) continue;
      const packed = Number(column.total_compressed_size);
      const begin = Number(column.dictionary_page_offset ?? column.data_page_offset);
      if (!(packed >= 0 && begin >= 0 && begin + packed <= fileBytes)) return `${name} lies outside the file`;
      bytes += Number(column.total_uncompressed_size);
    }
    if (!(bytes >= 0 && bytes <= MOST_GROUP_BYTES))
      return `${name} says it unpacks to ${bytes} bytes (at most ${MOST_GROUP_BYTES}): write it with smaller row groups`;
  }
  return undefined;
}
