import type { JsonObject } from '../../support/index.js';
import type { Conversation } from '../conversation.js';
import { WrittenNumber } from '../exact-json.js';
import { UnreadableValue } from '../unreadable-value.js';
import { words } from '../../words/index.js';

/** One record of a file before its format is known. */
export type Row = JsonObject;

/** A convention for the fields of a row. */
export interface RowFormat {
  readonly name: string;
  /** The fields that it reads; a report names all others. */
  readonly fields: ReadonlySet<string>;
  /** Whether the fields of a row are those of this format. */
  matches(row: Row): boolean;
  /** The conversations in a row, usually one. @throws RowError with the field and what is wrong with it. */
  read(row: Row): readonly Conversation[];
}

/** A row that its format cannot use. The message names the field; the reader adds file and line. */
export class RowError extends Error {
  override readonly name: string = 'RowError';
}

export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/**
 * A text field; absent and null are `undefined`, numbers and booleans are as they are written.
 * @param path how a complaint calls the field, when it lies deeper in the row
 */
export function textField(row: Row, field: string, path: string = field): string | undefined {
  const value = row[field];
  if (isAbsent(value)) return undefined;
  if (typeof value === 'string') return wellFormed(value, path);
  if (value instanceof WrittenNumber) return value.text;
  if (value instanceof UnreadableValue) throw new RowError(words().rows.unreadable(path, value.reason));
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  throw new RowError(words().rows.mustBeText(path));
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** `\ud83d` alone is no character; a tokenizer would train a replacement for it. */
export function wellFormed(text: string, path: string): string {
  if (LONE_SURROGATE.test(text)) throw new RowError(words().rows.halfCharacter(path));
  return text;
}

/** Several columns hold what only one can; in the first row it is the file that is ambiguous, and its owner must choose. */
export class AmbiguousColumns extends RowError {
  override readonly name = 'AmbiguousColumns';
}

/** The one of several names for the same thing that a row has. @throws AmbiguousColumns when it has two */
export function fieldAmong(row: Row, names: readonly string[]): string | undefined {
  const [first, second] = names.filter((name) => !isAbsent(row[name]));
  if (second !== undefined && String(row[second]).trim() !== '' && row[second] !== row[first!])
    throw new AmbiguousColumns(words().rows.bothThere(first ?? '', second, names[0] ?? ''));
  return first;
}

/** A value for a sentence. */
export function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'missing').slice(0, 60);
}
