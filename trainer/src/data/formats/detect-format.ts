import { UserError } from '../../errors.js';
import { alpaca } from './alpaca.js';
import { messages, sharegpt } from './messages.js';
import type { Row, RowFormat } from './row-format.js';
import { text } from './text.js';

/** In the order in which they are tried. */
export const ROW_FORMATS: readonly RowFormat[] = [messages, sharegpt, alpaca, text];

/** The format with this name. @throws UserError that lists the names. */
export function formatByName(name: string): RowFormat {
  const format = ROW_FORMATS.find((candidate) => candidate.name === name);
  if (format) return format;
  const known = ROW_FORMATS.map((candidate) => candidate.name).join(', ');
  throw new UserError(`dataset format "${name}" is unknown; use auto or one of ${known}.`);
}

/** The format whose fields the row has. @throws UserError at `place` that says which fields were found. */
export function detectFormat(row: Row, place: string): RowFormat {
  const format = ROW_FORMATS.find((candidate) => candidate.matches(row));
  if (format) return format;
  const fields = Object.keys(row).slice(0, 8).join(', ') || 'no fields';
  throw new UserError(
    `${place}: cannot tell the format of a row with ${fields}; expected instruction/output, messages, conversations or text (or map them with columns).`,
  );
}
