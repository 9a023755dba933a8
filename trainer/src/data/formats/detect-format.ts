import { UserError } from '../../errors.js';
import { alpaca } from './alpaca.js';
import { fieldList, isWholeDataSet, listExpected } from './list-expected.js';
import { messages, sharegpt } from './messages.js';
import { promptCompletion } from './prompt-completion.js';
import type { Row, RowFormat } from './row-format.js';
import { text } from './text.js';

/** In the order in which they are tried. */
export const ROW_FORMATS: readonly RowFormat[] = [messages, sharegpt, alpaca, promptCompletion, text];

/** The format with this name. @throws UserError that lists the names. */
export function formatByName(name: string): RowFormat {
  const format = ROW_FORMATS.find((candidate) => candidate.name === name);
  if (format) return format;
  const known = ROW_FORMATS.map((candidate) => candidate.name).join(', ');
  throw new UserError(`dataset format "${name}" is unknown; use auto or one of ${known}.`);
}

/** The format whose fields the row has; undefined when there is none. */
export function matchingFormat(row: Row): RowFormat | undefined {
  return ROW_FORMATS.find((candidate) => candidate.matches(row));
}

/** The format whose fields the row has. @throws UserError at `place` that says which fields were found. */
export function detectFormat(row: Row, place: string): RowFormat {
  const format = matchingFormat(row);
  if (format) return format;
  refuseWholeDataSet(row, place);
  const fields = Object.keys(row).length === 0 ? 'no fields' : fieldList(Object.keys(row));
  throw new UserError(
    `${place}: cannot tell the format of a row with ${fields}; expected instruction/output, messages, conversations, prompt/completion, ` +
      'question/answer or text (or map them with columns).',
  );
}

/** @throws UserError when the rows lie in a field of this object */
export function refuseWholeDataSet(row: Row, place: string): void {
  if (isWholeDataSet(row)) throw new UserError(`${place}: ${listExpected(Object.keys(row))}.`);
}
