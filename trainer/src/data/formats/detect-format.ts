import { UserError } from '../../errors.js';
import { alpaca } from './alpaca.js';
import { fieldList, isWholeDataSet, listExpected } from './list-expected.js';
import { messages, sharegpt } from './messages.js';
import { promptCompletion, speakerColumns } from './prompt-completion.js';
import type { Row, RowFormat } from './row-format.js';
import { suggestColumns } from './suggest-columns.js';
import { text } from './text.js';
import { words } from '../../words/index.js';

/** In the order in which they are tried. */
export const ROW_FORMATS: readonly RowFormat[] = [
  messages,
  sharegpt,
  alpaca,
  promptCompletion,
  speakerColumns,
  text,
];

/** The formats with this name. @throws UserError that lists the names. */
export function formatsByName(name: string): readonly RowFormat[] {
  const formats = ROW_FORMATS.filter((candidate) => candidate.name === name);
  if (formats.length > 0) return formats;
  const known = [...new Set(ROW_FORMATS.map((candidate) => candidate.name))].join(', ');
  throw new UserError(words().dataset.unknownFormat(name, known));
}

/**
 * The format whose fields the row has; undefined when there is none.
 * @param chosen fields that the job names columns for, all of which the format must read
 */
export function matchingFormat(row: Row, chosen: readonly string[] = []): RowFormat | undefined {
  return ROW_FORMATS.find(
    (candidate) => candidate.matches(row) && chosen.every((field) => candidate.fields.has(field)),
  );
}

/** The format whose fields the row has. @throws UserError at `place` that says which fields were found, and how to name them. */
export function detectFormat(row: Row, place: string, chosen: readonly string[] = []): RowFormat {
  const format = matchingFormat(row, chosen);
  if (format) return format;
  refuseWholeDataSet(row, place);
  const names = Object.keys(row);
  throw new UserError(
    names.length === 0
      ? words().dataset.noFields(place)
      : words().dataset.nameColumns(place, fieldList(names), suggestColumns(row)),
  );
}

/** @throws UserError when the rows lie in a field of this object */
export function refuseWholeDataSet(row: Row, place: string): void {
  if (isWholeDataSet(row)) throw new UserError(`${place}: ${listExpected(Object.keys(row))}.`);
}
