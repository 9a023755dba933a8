import { basename } from 'node:path';

/** Kinds of data files, by the ends of their names. All but Parquet and workbooks may be compressed: `.jsonl.gz`. */
export const DATA_EXTENSIONS = [
  '.jsonl',
  '.ndjson',
  '.json',
  '.csv',
  '.tsv',
  '.xlsx',
  '.parquet',
  '.txt',
] as const;

export type DataExtension = (typeof DATA_EXTENSIONS)[number];

export interface DataKind {
  readonly extension: DataExtension;
  /** The name ends with `.gz`. */
  readonly isCompressed: boolean;
}

/** What a file name says of its content; undefined when it is no data file. */
export function dataKindOf(path: string): DataKind | undefined {
  const name = basename(path).toLowerCase();
  const isCompressed = name.endsWith('.gz');
  const plain = isCompressed ? name.slice(0, -'.gz'.length) : name;
  const extension = DATA_EXTENSIONS.find((end) => plain.endsWith(end) && plain.length > end.length);
  return extension === undefined || (isCompressed && (extension === '.parquet' || extension === '.xlsx'))
    ? undefined
    : { extension, isCompressed };
}

/** Excel's mark of an open workbook, and what macOS keeps beside a file on other disks. */
const BESIDE_A_FILE = /^(~\$|\._)/;

/** The data files among those of a folder. Texts beside other data are readmes and licences, and are none. */
export function dataFilesAmong<T>(files: readonly T[], pathOf: (file: T) => string): T[] {
  const known = files.filter(
    (file) => dataKindOf(pathOf(file)) !== undefined && !BESIDE_A_FILE.test(basename(pathOf(file))),
  );
  const others = known.filter((file) => dataKindOf(pathOf(file))?.extension !== '.txt');
  return others.length > 0 ? others : known;
}
