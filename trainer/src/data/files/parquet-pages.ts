import type { AsyncBuffer, ColumnMetaData, PageHeader, RowGroup } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { MOST_COLUMN_VALUES, MOST_GROUP_BYTES, MOST_PAGE_BYTES } from './parquet-limits.js';

/** A header has some fields and the least and greatest text of its page. */
const USUAL_HEADER_BYTES = 4096;
const MOST_HEADER_BYTES = 16 * 1024 * 1024;
/** A dictionary is meant to stand once before its pages. */
const MOST_PAGES = 1_000_000;

/**
 * What the pages of a row group say of themselves and cannot be: the library makes room for as many values as a header names.
 * Reads the headers alone.
 *
 * @returns what is wrong; undefined when nothing is
 */
export async function pagesBroken(file: AsyncBuffer, group: RowGroup): Promise<string | undefined> {
  for (const { meta_data: column } of group.columns) {
    const broken = column === undefined ? undefined : await columnBroken(file, column);
    if (broken !== undefined) return `column "${column?.path_in_schema.join('.')}": ${broken}`;
  }
  return undefined;
}

async function columnBroken(file: AsyncBuffer, column: ColumnMetaData): Promise<string | undefined> {
  const begin = Number(column.dictionary_page_offset ?? column.data_page_offset);
  const end = begin + Number(column.total_compressed_size);
  const most = Number(column.num_values);
  let values = 0;
  let bytes = 0;
  let offset = begin;
  for (let page = 0; offset < end - 1; page++) {
    if (page === MOST_PAGES) return `it has more than ${MOST_PAGES} pages`;
    const { header, length } = await headerAt(file, offset, end);
    const packed = header.compressed_page_size;
    const unpacked = header.uncompressed_page_size;
    if (!(packed >= 0 && offset + length + packed <= end)) return 'a page lies outside of it';
    if (!(unpacked >= 0 && unpacked <= MOST_PAGE_BYTES)) return `a page says it unpacks to ${unpacked} bytes`;
    bytes += unpacked;
    const entries = header.dictionary_page_header?.num_values ?? 0;
    if (!(entries >= 0 && entries <= Math.max(unpacked, 1)))
      return `a dictionary says it has ${entries} values in ${unpacked} bytes`;
    const { num_values: count, num_rows: rows = 0 } = valuesOf(header);
    values += count;
    if (!(count >= 0 && rows >= 0 && values <= most && rows <= count))
      return `its pages say they have more than the ${most} values of the column`;
    offset += length + packed;
  }
  // Some writers leave the headers out of the column's own figure.
  if (bytes > MOST_GROUP_BYTES) return `its pages say they unpack to ${bytes} bytes`;
  return most <= MOST_COLUMN_VALUES ? undefined : `it says it has ${most} values`;
}

function valuesOf(header: PageHeader): { readonly num_values: number; readonly num_rows?: number } {
  return header.data_page_header ?? header.data_page_header_v2 ?? { num_values: 0 };
}

/** Headers with long texts are read again, whole. */
async function headerAt(
  file: AsyncBuffer,
  offset: number,
  end: number,
): Promise<{ header: PageHeader; length: number }> {
  for (let bytes = USUAL_HEADER_BYTES; ; bytes *= 16) {
    const until = Math.min(end, offset + bytes);
    const reader = { view: new DataView(await file.slice(offset, until)), offset: 0 };
    try {
      return { header: parquetHeader(reader), length: reader.offset };
    } catch (error) {
      if (until === end || bytes >= MOST_HEADER_BYTES) throw error;
    }
  }
}
