import type { JsonObject } from '../../support/index.js';
import type { Conversation } from '../conversation.js';

/** One record of a file before its format is known. */
export type Row = JsonObject;

/** A convention for the fields of a row. */
export interface RowFormat {
  readonly name: string;
  /** Whether the fields of a row are those of this format. */
  matches(row: Row): boolean;
  /** The conversations in a row, usually one. @throws RowError with the field and what is wrong with it. */
  read(row: Row): readonly Conversation[];
}

/** A row that its format cannot use. The message names the field; the reader adds file and line. */
export class RowError extends Error {
  override readonly name = 'RowError';
}

/** A text field; absent and null are `undefined`, numbers and booleans are written out. */
export function textField(row: Row, field: string): string | undefined {
  const value = row[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  throw new RowError(`"${field}" must be a text`);
}
