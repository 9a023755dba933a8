import { UserError } from '../../../errors.js';
import { words } from '../../../words/index.js';
import { UnreadableValue } from '../../unreadable-value.js';
import { checkedNames } from '../checked-names.js';
import { headOf } from '../encoding/read-bytes.js';
import type { ReadOptions } from '../encoding/read-text.js';
import type { PlacedRow } from '../placed-row.js';
import { notTheFile } from '../../../support/index.js';
import { columnLetters } from './cell-reference.js';
import { readMergedRows } from './merged-cells.js';
import { readNumberFormats } from './number-formats.js';
import { readSharedStrings } from './shared-strings.js';
import { readSheetRows, type SheetRow } from './sheet-rows.js';
import { chooseSheet, readWorkbookParts } from './sheets.js';
import type { Office } from './xml-part.js';
import { damagedWorkbook, ZipParts } from './zip-parts.js';

/**
 * The rows of one sheet of an Excel workbook, below a row of names, every cell as it is shown. Formulas give their stored results; nothing is
 * computed.
 */
export async function* readWorkbook(path: string, options: ReadOptions): AsyncGenerator<PlacedRow> {
  await refuseOther(path);
  const office: Office = { path, parts: await ZipParts.open(path) };
  try {
    const workbook = await readWorkbookParts(office);
    const sheet = chooseSheet(workbook.sheets, options.sheet, path);
    const names = workbook.sheets.filter(({ isHidden }) => !isHidden).map(({ name }) => name);
    if (options.sheet === undefined && names.length > 1)
      options.note(words().workbook.firstSheet(path, sheet.name, names.join(', ')));
    const strings =
      workbook.sharedStrings === undefined || !office.parts.has(workbook.sharedStrings)
        ? []
        : await readSharedStrings(office, workbook.sharedStrings);
    const formats = await readNumberFormats(office, workbook.styles, workbook.isFrom1904);
    const merged = await readMergedRows(office, sheet.part);
    const rows = readSheetRows(office, sheet.part, { strings, formats });
    yield* tableOf(rows, {
      place: `${path}: ${sheet.name}!`,
      note: options.note,
      fill: (row) => merged.fill(row),
    });
  } finally {
    office.parts.close();
  }
}

interface TableOptions {
  /** Of the sheet; the name of a cell follows. */
  readonly place: string;
  readonly note: (message: string) => void;
  readonly fill: (row: SheetRow) => SheetRow;
}

/** The rows below the names, as objects. */
async function* tableOf(
  rows: AsyncIterable<SheetRow>,
  { place, note, fill }: TableOptions,
): AsyncGenerator<PlacedRow> {
  let title: SheetRow | undefined;
  let names: ReadonlyMap<number, string> | undefined;
  for await (const row of rows) {
    const filled = fill(row);
    if (names !== undefined) {
      yield {
        place: `${place}${columnLetters(Math.min(...names.keys()))}${row.number}`,
        row: recordOf(filled, names),
      };
    } else if (title === undefined && row.cells.size === 1) {
      // One cell above the names is the title of the table, unless the table has one column.
      title = row;
    } else if (title !== undefined && row.cells.size === 1) {
      names = namesOf(title, place);
      yield {
        place: `${place}${columnLetters(Math.min(...names.keys()))}${row.number}`,
        row: recordOf(filled, names),
      };
    } else {
      if (title !== undefined) note(words().workbook.namesBelow(`${place}${row.number}`));
      names = namesOf(row, place);
    }
  }
}

function namesOf({ cells, number }: SheetRow, place: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const [column, value] of cells) {
    const cell = `${place}${columnLetters(column)}${number}`;
    if (value instanceof UnreadableValue) throw new UserError(`${cell}: ${value.reason}.`);
    if (value.trim() !== '') names.set(column, value.trim());
  }
  checkedNames([...names.values()], `${place}${number}`);
  return names;
}

/** A column without a name goes by its letters, so that nothing in it is lost unseen. */
function recordOf({ cells }: SheetRow, names: ReadonlyMap<number, string>): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const [column, name] of names) record[name] = cells.get(column) ?? '';
  for (const [column, value] of cells) if (!names.has(column)) record[columnLetters(column)] = value;
  return record;
}

async function refuseOther(path: string): Promise<void> {
  const head = await headOf(path, 512);
  const other = notTheFile(head);
  if (other !== undefined) throw new UserError(`${path} ${other}.`);
  const hex = head.subarray(0, 4).toString('hex');
  if (hex === 'd0cf11e0') throw new UserError(words().workbook.oldOrLocked(path));
  if (hex !== '504b0304') throw damagedWorkbook(path, words().workbook.noZip());
}
