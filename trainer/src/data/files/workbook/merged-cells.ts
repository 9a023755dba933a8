import { cellPlaceOf } from './cell-reference.js';
import type { CellValue, SheetRow } from './sheet-rows.js';
import { readWholeXml, type Office } from './xml-part.js';

/** More are drawn, not written. */
const MOST_MERGED = 200_000;

interface MergedCells {
  readonly column: number;
  readonly lastRow: number;
}

/** Cells that are merged over several rows show one value for all of them; a sheet keeps it in the first. */
export class MergedRows {
  private readonly open = new Map<number, { lastRow: number; value: CellValue | undefined }>();

  constructor(private readonly byFirstRow: ReadonlyMap<number, readonly MergedCells[]>) {}

  /** The row with the values that reach down into it. Rows must come in their order. */
  fill(row: SheetRow): SheetRow {
    if (this.byFirstRow.size === 0) return row;
    const cells = new Map(row.cells);
    for (const [column, { lastRow, value }] of this.open) {
      if (row.number > lastRow) this.open.delete(column);
      else if (value !== undefined && !cells.has(column)) cells.set(column, value);
    }
    for (const { column, lastRow } of this.byFirstRow.get(row.number) ?? [])
      this.open.set(column, { lastRow, value: cells.get(column) });
    return { ...row, cells };
  }
}

/** The merged cells of a sheet, which stand behind its rows. */
export async function readMergedRows(office: Office, part: string): Promise<MergedRows> {
  const byFirstRow = new Map<number, MergedCells[]>();
  let count = 0;
  await readWholeXml(office, part, {
    open(tag, { ref = '' }) {
      if (tag !== 'mergeCell' || ++count > MOST_MERGED) return;
      const [first, last] = ref.split(':').map(cellPlaceOf);
      if (first === undefined || last === undefined || last.row <= first.row) return;
      const cells = byFirstRow.get(first.row) ?? [];
      cells.push({ column: first.column, lastRow: last.row });
      byFirstRow.set(first.row, cells);
    },
  });
  return new MergedRows(byFirstRow);
}
