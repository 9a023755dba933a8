import { words } from '../../../words/index.js';
import { UnreadableValue } from '../../unreadable-value.js';
import { MOST_ROW_CHARACTERS } from '../lines-of.js';
import { cellPlaceOf, MOST_COLUMNS, MOST_ROWS } from './cell-reference.js';
import type { NumberFormats } from './number-formats.js';
import { TextCollector, unescaped } from './text-collector.js';
import { readXml, type Office } from './xml-part.js';
import { damagedWorkbook } from './zip-parts.js';

export type CellValue = string | UnreadableValue;

/** A row that holds something. */
export interface SheetRow {
  /** From 1. */
  readonly number: number;
  /** By column, from 1; none of them is empty. */
  readonly cells: ReadonlyMap<number, CellValue>;
}

/** What the cells of a sheet refer to. */
export interface CellContext {
  readonly strings: readonly string[];
  readonly formats: NumberFormats;
}

/** The rows of a sheet in their order, each cell as it is shown. Holds some rows at a time. */
export async function* readSheetRows(
  office: Office,
  part: string,
  context: CellContext,
): AsyncGenerator<SheetRow> {
  const parser = new SheetParser(office.path, context);
  for await (const _ of readXml(office, part, parser)) yield* parser.take();
}

interface OpenCell {
  readonly column: number;
  readonly type: string;
  readonly style: number;
  hasFormula: boolean;
  value: string;
}

class SheetParser {
  private rows: SheetRow[] = [];
  private row = 0;
  private cells = new Map<number, CellValue>();
  private characters = 0;
  private column = 0;
  private cell: OpenCell | undefined;
  private isValue = false;
  private readonly inline = new TextCollector();

  constructor(
    private readonly path: string,
    private readonly context: CellContext,
  ) {}

  take(): readonly SheetRow[] {
    const rows = this.rows;
    this.rows = [];
    return rows;
  }

  open(tag: string, attributes: Readonly<Record<string, string>>): void {
    if (tag === 'row') this.openRow(attributes['r']);
    else if (tag === 'c') this.openCell(attributes);
    else if (tag === 'v') this.isValue = true;
    else if (tag === 'f' && this.cell) this.cell.hasFormula = true;
    this.inline.open(tag);
  }

  text(text: string): void {
    if (this.cell === undefined) return;
    this.characters += text.length;
    if (this.characters > MOST_ROW_CHARACTERS)
      throw damagedWorkbook(this.path, words().workbook.longRow(this.row, MOST_ROW_CHARACTERS));
    if (this.isValue) this.cell.value += text;
    else this.inline.text(text);
  }

  close(tag: string): void {
    this.inline.close(tag);
    if (tag === 'v') this.isValue = false;
    else if (tag === 'c') this.closeCell();
    else if (tag === 'row' && this.cells.size > 0) {
      this.rows.push({ number: this.row, cells: this.cells });
      this.cells = new Map();
    }
  }

  private openRow(number: string | undefined): void {
    const row = number === undefined ? this.row + 1 : Number(number);
    if (!(Number.isInteger(row) && row > this.row && row <= MOST_ROWS))
      throw damagedWorkbook(this.path, words().workbook.rowOrder(this.row));
    this.row = row;
    this.column = 0;
    this.characters = 0;
    this.cells = new Map();
  }

  private openCell({ r: reference, t: type = 'n', s: style }: Readonly<Record<string, string>>): void {
    const place =
      reference === undefined ? { column: this.column + 1, row: this.row } : cellPlaceOf(reference);
    if (
      place === undefined ||
      place.row !== this.row ||
      place.column <= this.column ||
      place.column > MOST_COLUMNS
    )
      throw damagedWorkbook(this.path, words().workbook.cellOrder(String(reference), this.row));
    this.column = place.column;
    this.cell = { column: place.column, type, style: Number(style ?? 0), hasFormula: false, value: '' };
  }

  private closeCell(): void {
    const cell = this.cell;
    const inline = this.inline.take();
    if (cell === undefined) return;
    const value = this.shown(cell, inline);
    this.cell = undefined;
    if (value !== '') this.cells.set(cell.column, value);
  }

  private shown({ type, value, style, hasFormula }: OpenCell, inline: string): CellValue {
    if (type === 'inlineStr') return inline;
    if (hasFormula && value === '' && type !== 'str') return new UnreadableValue(words().workbook.noResult());
    if (value === '') return '';
    if (type === 's')
      return this.context.strings[Number(value)] ?? new UnreadableValue(words().workbook.noText());
    if (type === 'b') return value === '1' ? 'TRUE' : 'FALSE';
    if (type === 'e') return new UnreadableValue(words().workbook.formulaError(value.slice(0, 40)));
    return type === 'n' ? this.context.formats.shown(value, style) : unescaped(value);
  }
}
