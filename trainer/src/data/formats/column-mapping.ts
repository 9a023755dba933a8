import { UserError } from '../../errors.js';
import { words } from '../../words/index.js';
import {
  ANSWER_NAMES,
  CONTEXT_NAMES,
  FIELD_SYNONYMS,
  INSTRUCTION_NAMES,
  QUESTION_NAMES,
  RESPELLED,
  spellingOf,
  SYSTEM_NAMES,
} from './column-names.js';
import { fieldList } from './list-expected.js';
import { TASK_FIELDS } from './other-tasks.js';
import { AmbiguousColumns, isAbsent, type Row, type RowFormat } from './row-format.js';

/** Columns of which a row reads one: who names it has chosen it before the others. */
const RIVALS: readonly (readonly string[])[] = [
  [...INSTRUCTION_NAMES, ...QUESTION_NAMES],
  ANSWER_NAMES,
  CONTEXT_NAMES,
  SYSTEM_NAMES,
];
/** The input of an instruction is no rival of it. */
const BESIDE = new Set<string>(QUESTION_NAMES.slice(QUESTION_NAMES.indexOf('input')));
/** Names of columns that are remembered; a file of objects may have any number. */
const MOST_REMEMBERED = 1000;

/** The columns of a source and the fields of the formats that they are: by `columns`, or by their names however they are written. */
export class ColumnMapping {
  private readonly chosen: readonly (readonly [field: string, column: string])[];
  /** The fields that are named. */
  readonly fields: readonly string[];
  /** The columns that are named. */
  readonly columns: ReadonlySet<string>;
  private readonly missing: Set<string>;
  /** Fields that are left aside because another of their kind is named. */
  private readonly aside: ReadonlySet<string>;
  private readonly known: ReadonlySet<string>;
  private readonly bySpelling: ReadonlyMap<string, string>;
  private readonly remembered = new Map<string, string>();
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
    this.known = new Set([...formats.flatMap((format) => [...format.fields]), ...TASK_FIELDS]);
    this.bySpelling = new Map([
      ...[...RESPELLED, ...TASK_FIELDS].map((field) => [spellingOf(field), field] as const),
      ...Object.entries(FIELD_SYNONYMS),
    ]);
    this.chosen = Object.entries(columns);
    this.fields = this.chosen.map(([field]) => field);
    this.columns = new Set(this.chosen.map(([, column]) => column));
    this.missing = new Set(this.columns);
    this.aside = rivalsOf(this.fields);
    const wrong = this.chosen.find(([field]) => !this.known.has(field));
    if (wrong !== undefined) throw this.unknownField(...wrong);
  }

  /**
   * The row with the fields of the formats in place of the columns that hold them.
   * @throws RowError when two of its columns hold one field
   */
  apply(row: Row): Row {
    const names = Object.keys(row);
    if (this.seen.length === 0) this.seen = names;
    if (this.chosen.length === 0 && names.every((name) => this.fieldOf(name) === name)) return row;
    const mapped: Record<string, unknown> = {};
    for (const name of names) {
      if (this.columns.has(name)) this.missing.delete(name);
      else this.set(mapped, name, row);
    }
    for (const [field, column] of this.chosen) if (Object.hasOwn(row, column)) mapped[field] = row[column];
    return mapped;
  }

  /** Columns of a row that a named one takes the place of. */
  leftAside(row: Row): string[] {
    if (this.aside.size === 0) return [];
    return Object.keys(row).filter((name) => !this.columns.has(name) && this.aside.has(this.fieldOf(name)));
  }

  /** @throws UserError when a column was in none of the rows */
  check(): void {
    const entry = this.chosen.find(([, column]) => this.missing.has(column));
    if (entry === undefined) return;
    const [field, column] = entry;
    throw new UserError(words().dataset.noColumn(this.path, field, column, fieldList(this.seen)));
  }

  private set(mapped: Record<string, unknown>, name: string, row: Row): void {
    const field = this.fieldOf(name);
    if (this.aside.has(field)) return;
    const isTaken = Object.hasOwn(mapped, field) && !isAbsent(mapped[field]) && !isAbsent(row[name]);
    if (isTaken && mapped[field] !== row[name])
      throw new AmbiguousColumns(words().rows.sameField(name, field));
    mapped[field] = row[name];
  }

  /** The field that a column is by its name, or the name itself. */
  private fieldOf(name: string): string {
    if (this.known.has(name)) return name;
    const remembered = this.remembered.get(name);
    if (remembered !== undefined) return remembered;
    const field = this.bySpelling.get(spellingOf(name)) ?? name;
    if (this.remembered.size < MOST_REMEMBERED) this.remembered.set(name, field);
    return field;
  }

  private unknownField(field: string, column: string): UserError {
    const say = words().dataset;
    return new UserError(
      this.known.has(column) ? say.swapped(this.path, field, column) : say.noField(this.path, field),
    );
  }
}

function rivalsOf(fields: readonly string[]): ReadonlySet<string> {
  const rivals = RIVALS.flatMap((names) => {
    const named = fields.filter((field) => names.includes(field));
    if (named.length === 0) return [];
    const isInstruction = named.some((field) => (INSTRUCTION_NAMES as readonly string[]).includes(field));
    return names.filter((name) => !(isInstruction && BESIDE.has(name)));
  });
  return new Set(rivals.filter((name) => !fields.includes(name)));
}
