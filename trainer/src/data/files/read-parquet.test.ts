import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors.js';
import { dataFile } from '../test-data.js';
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
});
