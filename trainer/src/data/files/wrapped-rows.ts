import { isJsonObject } from '../../support/index.js';
import { WrittenNumber } from '../exact-json.js';
import { ColumnMapping } from '../formats/column-mapping.js';
import { matchingFormat, ROW_FORMATS } from '../formats/detect-format.js';
import { RowError, type Row } from '../formats/row-format.js';

/** The rows in an object that is a whole data set. */
export interface WrappedRows {
  /** The field whose list they are. */
  readonly field: string;
  readonly rows: readonly Row[];
  /** The fields beside it. */
  readonly others: readonly string[];
}

/**
 * The rows in the one list of an object, such as `{"version": 1, "data": [{…}]}`; undefined when it is a row itself, or when two of its lists may
 * be meant.
 * @param chosen columns that the job names; who names one of this object takes it for a row
 */
export function wrappedRows(row: Row, chosen: readonly string[]): WrappedRows | undefined {
  const names = Object.keys(row);
  if (chosen.some((column) => names.includes(column)) || isRow(row)) return undefined;
  const lists = names.filter((name) => isListOfRows(row[name]));
  const [field] = lists;
  if (field === undefined || lists.length > 1) return undefined;
  return { field, rows: row[field] as readonly Row[], others: names.filter((name) => name !== field) };
}

function isRow(row: Row): boolean {
  try {
    return matchingFormat(new ColumnMapping({}, '', ROW_FORMATS).apply(row)) !== undefined;
  } catch (error) {
    // Two columns that are one field are those of a row.
    if (error instanceof RowError) return true;
    throw error;
  }
}

/** Turns are objects as well, and make a row together. */
function isListOfRows(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => isJsonObject(item) && !(item instanceof WrittenNumber) && !isTurn(item))
  );
}

const isTurn = (item: Row): boolean => 'role' in item || 'from' in item;
