import { isJsonObject } from '../../support/index.js';
import type { Row } from './row-format.js';
import { words } from '../../words/index.js';

const SHOWN_FIELDS = 8;
const SHOWN_CHARACTERS = 40;

/** Names of fields for a sentence, none so many and so long that nobody reads it. */
export function fieldList(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_FIELDS).map((name) => name.slice(0, SHOWN_CHARACTERS));
  const more = names.length - shown.length;
  return more > 0 ? words().dataset.andMore(shown.join(', '), String(more)) : shown.join(', ');
}

/** What is wrong with an object around the rows. @param names its fields */
export function listExpected(names: readonly string[]): string {
  return words().dataset.listExpected(fieldList(names));
}

/** Whether an object looks like a whole data set: a field of it is a list of objects, or every field is a list or an object. */
export function isWholeDataSet(row: Row): boolean {
  const values = Object.values(row);
  const holdsRows = values.some(
    (value) => Array.isArray(value) && value.length > 0 && value.every(isJsonObject),
  );
  return (
    holdsRows || (values.length > 0 && values.every((value) => typeof value === 'object' && value !== null))
  );
}
