import { writeFileSync } from 'node:fs';
import type { FileMetaData } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors.js';
import { textField, type Row } from '../formats/row-format.js';
import { dataFile } from '../test-data.js';
import { limitsBroken } from './parquet-limits.js';
import { readRows } from './read-rows.js';

/**
 * Written by Apache Arrow 25 with zstd, two row groups: instruction, input and output as texts, history as a list
 * of lists of texts.
 */
const FILE =
  'UEFSMRUAFSoVPCwVBBUAFQYVBhwAAAAotS/9IBWpAAACAAAABAEGAAAAYSwgImIiAQAAAGMVABUWFSgsFQQVABUGFQYcAAAAKLUv' +
  '/SALWQAAAgAAAAMCAQAAAHgVABUkFTYsFQQVABUGFQYcAAAAKLUv/SASkQAAAgAAAAQBAwAAADEKMgEAAAAzFQAVMhVELBUGFQAV' +
  'BhUGHAAAACi1L/0gGckAAAMAAAADIAAEAAAAA2gBAAEAAABxAQAAAHIVABUWFSgsFQIVABUGFQYcAAAAKLUv/SALWQAAAgAAAAIB' +
  'AQAAAGQVABUUFSYsFQIVABUGFQYcAAAAKLUv/SAKUQAAAgAAAAIBAAAAABUAFRYVKCwVAhUAFQYVBhwAAAAotS/9IAtZAAACAAAA' +
  'AgEBAAAANBUAFRgVKiwVAhUAFQYVBhwAAAAotS/9IAxhAAACAAAAAgACAAAAAgEVBBmcNQAYBnNjaGVtYRUIABUMJQIYC2luc3Ry' +
  'dWN0aW9uJQBMHAAAABUMJQIYBWlucHV0JQBMHAAAABUMJQIYBm91dHB1dCUATBwAAAA1AhgHaGlzdG9yeRUCFQZMPAAAADUEGARs' +
  'aXN0FQIANQIYB2VsZW1lbnQVAhUGTDwAAAA1BBgEbGlzdBUCABUMJQIYB2VsZW1lbnQlAEwcAAAAFgYZLBlMJgAcFQwZJQYAGRgL' +
  'aW5zdHJ1Y3Rpb24VDBYEFlAWYiYISRwVABUAFQIAPBYOGQYZJgAEAAAAJgAcFQwZJQYAGRgFaW5wdXQVDBYEFjwWTiZqSRwVABUA' +
  'FQIAPBYCGQYZJgICAAAAJgAcFQwZJQYAGRgGb3V0cHV0FQwWBBZKFlwmuAFJHBUAFQAVAgA8FggZBhkmAAQAAAAmABwVDBklBgAZ' +
  'WAdoaXN0b3J5BGxpc3QHZWxlbWVudARsaXN0B2VsZW1lbnQVDBYGFlgWaiaUAkkcFQAVABUCADwWBBk2BAACGWYCAAAAAAQAAAAW' +
  'rgIWBCYIFvYCABlMJgAcFQwZJQYAGRgLaW5zdHJ1Y3Rpb24VDBYCFjwWTib+AkkcFQAVABUCADwWAhkGGSYAAgAAACYAHBUMGSUG' +
  'ABkYBWlucHV0FQwWAhY6FkwmzANJHBUAFQAVAgA8FgAZBhkmAAIAAAAmABwVDBklBgAZGAZvdXRwdXQVDBYCFjwWTiaYBEkcFQAV' +
  'ABUCADwWAhkGGSYAAgAAACYAHBUMGSUGABlYB2hpc3RvcnkEbGlzdAdlbGVtZW50BGxpc3QHZWxlbWVudBUMFgIWPhZQJuYESRwV' +
  'ABUAFQIAPBYAGTYCAAAZZgACAAAAAAAAABbwARYCJv4CFrgCACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNS4wLjEZTBwA' +
  'ABwAABwAABwAAADKAgAAUEFSMQ==';

/** Not compressed: instruction q and r, output the bytes 63 61 66 e9 and ok, score 1.1 and 2. */
const NOT_UTF8 =
  'UEFSMRUGFRQVFFwVBBUAFQQVABUAFQAAAAEAAABxAQAAAHIVBhUcFRxcFQQVABUEFQAVABUAAAAEAAAAY2Fm6QIAAABvaxUGFSAVIFwVBBUAFQ' +
  'QVABUAFQAAAJqZmZmZmfE/AAAAAAAAAEAVBBlMSARyb290FQYAFQwlABgLaW5zdHJ1Y3Rpb24lAAAVDCUAGAZvdXRwdXQlAAAVCiUAGAVzY29y' +
  'ZQAWBBkcGTwmCBwVDBkVABkYC2luc3RydWN0aW9uFQAWBBY+Fj4mCDw2ACgBchgBcQAZHBUGFQAVAgAAACZGHBUMGRUAGRgGb3V0cHV0FQAWBB' +
  'ZGFkYmRjw2ACgCb2sYBGNhZukAGRwVBhUAFQIAAAAmjAEcFQoZFQAZGAVzY29yZRUAFgQWShZKJowBPDYAKAgAAAAAAAAAQBgImpmZmZmZ8T82' +
  'AAAZHBUGFQAVAgAAABbOARYENs4BACgJaHlwYXJxdWV0GTwcAAAcAAAcAAAADAEAAFBBUjE=';

async function rowsOf(path: string): Promise<{ place: string; row: unknown }[]> {
  const rows = [];
  for await (const row of readRows(path, { encoding: undefined, note: () => undefined })) rows.push(row);
  return rows;
}

describe('readParquet', () => {
  it('reads texts, nulls and nested lists over all row groups', async () => {
    const path = dataFile('a.parquet', '');
    writeFileSync(path, Buffer.from(FILE, 'base64'));
    const rows = await rowsOf(path);
    expect(rows.map(({ place }) => place)).toEqual([1, 2, 3].map((row) => `${path}: row ${row}`));
    expect(rows[0]?.row).toMatchObject({ instruction: 'a, "b"', output: '1\n2' });
    expect(rows[1]?.row).toMatchObject({ input: 'x', history: [['q', 'r']] });
    expect(rows[2]?.row).toMatchObject({ instruction: 'd', output: '4' });
  });

  it('says that a damaged file is none', async () => {
    const path = dataFile('a.parquet', '');
    writeFileSync(path, Buffer.from(FILE, 'base64').subarray(0, 700));
    await expect(rowsOf(path)).rejects.toThrow(UserError);
    await expect(rowsOf(path)).rejects.toThrow(/a\.parquet is not a readable Parquet file/);
  });

  it('replaces no byte, and prints no number whose digits the file does not keep', async () => {
    const path = dataFile('a.parquet', '');
    writeFileSync(path, Buffer.from(NOT_UTF8, 'base64'));
    const [first, second] = (await rowsOf(path)).map(({ row }) => row as Row);
    expect(() => textField(first!, 'output')).toThrow('"output" is not UTF-8 text');
    expect(textField(second!, 'output')).toBe('ok');
    expect(() => textField(second!, 'score')).toThrow(
      '"score" is a number whose digits the file does not keep: store it as a text',
    );
  });

  it('refuses what a page says of itself and cannot be', async () => {
    const bytes = Buffer.from(NOT_UTF8, 'base64');
    // The first page of "instruction": 2 values in 10 bytes, as zigzag numbers.
    const header = Buffer.from([0x15, 0x06, 0x15, 0x14, 0x15, 0x14, 0x5c, 0x15, 0x04]);
    expect(bytes.indexOf(header)).toBe(4);
    const changed = (at: number, ...values: number[]) => {
      const path = dataFile('a.parquet', '');
      const copy = Buffer.from(bytes);
      copy.set(values, 4 + at);
      writeFileSync(path, copy);
      return path;
    };
    await expect(rowsOf(changed(8, 0x7e))).rejects.toThrow(
      /row group 1, column "instruction": its pages say they have more than the 2 values of the column/,
    );
    await expect(rowsOf(changed(5, 0x7e))).rejects.toThrow(/column "instruction": a page lies outside of it/);
  });

  it('refuses what a file says of itself and cannot be', async () => {
    const column = { total_compressed_size: 10n, total_uncompressed_size: 10n, data_page_offset: 4n };
    const fileWith = (rows: bigint, more: object) =>
      ({
        row_groups: [{ num_rows: rows, columns: [{ meta_data: { ...column, ...more } }] }],
      }) as unknown as FileMetaData;
    expect(limitsBroken(fileWith(1n, {}), 100)).toBeUndefined();
    expect(limitsBroken(fileWith(1n << 40n, {}), 100)).toMatch(/^row group 1 says it has 1099511627776 rows/);
    expect(limitsBroken(fileWith(1n, { total_uncompressed_size: 1n << 40n }), 100)).toMatch(
      /^row group 1 says it unpacks to 1099511627776 bytes/,
    );
    expect(limitsBroken(fileWith(1n, { data_page_offset: 95n }), 100)).toBe(
      'row group 1 lies outside the file',
    );
  });
});
