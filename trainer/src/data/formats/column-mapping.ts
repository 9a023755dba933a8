import { UserError } from '../../errors.js';
import { fieldList } from './list-expected.js';
import type { Row, RowFormat } from './row-format.js';

/** `columns` of a source: the fields of the format, and the columns of the file that hold them. */
export class ColumnMapping {
  private readonly fields: readonly (readonly [field: string, column: string])[];
  /** The columns that are named. */
  readonly columns: ReadonlySet<string>;
  private readonly missing: Set<string>;
  private seen: readonly string[] = [];

  /**
   * @param path how a complaint calls the source, `dataset.sources[0]`
   * @throws UserError when no format has such a field
   */
  constructor(
    columns: Readonly<Record<string, string>>,
    private readonly path: string,
    formats: readonly RowFormat[],
  ) {
    this.fields = Object.entries(columns);
    this.columns = new Set(Object.values(columns));
    this.missing = new Set(this.columns);
    const known = new Set(formats.flatMap((format) => [...format.fields]));
    const unknown = this.fields.find(([field]) => !known.has(field))?.[0];
    if (unknown !== undefined)
      throw new UserError(
        `${path}.columns: no format has a field "${unknown}"; on the left stand fields such as instruction, output, messages or text.`,
      );
  }

  /** The row with the fields of the format in place of the columns. */
  apply(row: Row): Row {
    if (this.fields.length === 0) return row;
    if (this.seen.length === 0) this.seen = Object.keys(row);
    const mapped: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(row)) {
      if (this.columns.has(name)) this.missing.delete(name);
      else mapped[name] = value;
    }
    for (const [field, column] of this.fields) if (Object.hasOwn(row, column)) mapped[field] = row[column];
    return mapped;
  }

  /** @throws UserError when a column was in none of the rows */
  check(): void {
    const entry = this.fields.find(([, column]) => this.missing.has(column));
    if (entry === undefined) return;
    const [field, column] = entry;
    throw new UserError(
      `${this.path}.columns.${field}: there is no column "${column}"; the columns are ${fieldList(this.seen)}.`,
    );
  }
}
