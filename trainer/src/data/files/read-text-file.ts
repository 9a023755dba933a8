import { words } from '../../words/index.js';
import { ColumnMapping } from '../formats/column-mapping.js';
import { matchingFormat, ROW_FORMATS } from '../formats/detect-format.js';
import { csvLayout } from './csv-header.js';
import { readText, type ReadOptions } from './encoding/read-text.js';
import type { PlacedRow } from './placed-row.js';
import { readCsv } from './read-csv.js';
import { readJson } from './read-json.js';
import { readLines } from './read-lines.js';

const HEAD_CHARACTERS = 64 * 1024;
/** Lines that must have the same number of tabs to be a table. */
const LOOKED_AT = 20;
const TAB = '\t';

/** A `.txt` file: running text, a line a row; or the table or the JSON rows that some programs save under this name, which is told. */
export async function* readTextFile(path: string, options: ReadOptions): AsyncGenerator<PlacedRow> {
  const kind = options.isRunningText === true ? 'text' : kindOf(await headOfText(path, options), options);
  if (kind !== 'text') options.note(words().files.txtIs[kind](path));
  yield* kind === 'json'
    ? readJson(path, options)
    : kind === 'table'
      ? readCsv(path, options)
      : readLines(path, options);
}

async function headOfText(path: string, options: ReadOptions): Promise<string> {
  for await (const piece of readText(path, { ...options, note: () => undefined }))
    return piece.slice(0, HEAD_CHARACTERS);
  return '';
}

function kindOf(head: string, { columns = [] }: ReadOptions): 'json' | 'table' | 'text' {
  const lines = head.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > 1 && head.length >= HEAD_CHARACTERS) lines.pop();
  const [first = ''] = lines;
  if (isJson(first.trim())) return 'json';
  const { delimiter, skip } = csvLayout(head);
  const nameLine = skip > 0 ? (lines[1] ?? '') : first;
  const names = nameLine.split(delimiter).map((name) => name.trim().replaceAll('"', ''));
  if (names.length > 1 && (columns.some((column) => names.includes(column)) || areKnown(names)))
    return 'table';
  const tabs = first.split(TAB).length;
  const isEven = lines.slice(0, LOOKED_AT).every((line) => line.split(TAB).length === tabs);
  return tabs > 1 && lines.length > 1 && isEven ? 'table' : 'text';
}

function isJson(line: string): boolean {
  if (/^\[\s*(\{|$)/.test(line)) return true;
  if (!line.startsWith('{')) return false;
  return line === '{' || /^\{\s*"[^"]*"\s*:/.test(line);
}

/** Whether a row with these columns would be known, whatever they are called. */
function areKnown(names: readonly string[]): boolean {
  const mapping = new ColumnMapping({}, '', ROW_FORMATS);
  // Without values no two columns contradict one another.
  const format = matchingFormat(mapping.apply(Object.fromEntries(names.map((name) => [name, '']))));
  return format !== undefined && format.name !== 'text';
}
