import { TEXT_ENCODINGS } from '@tuneyard/proto/text-encodings';
import { UserError } from '../../../errors.js';

const ENCODINGS: readonly string[] = TEXT_ENCODINGS;

/** The encoding that a job asks for; undefined = to be found out. @throws UserError that lists the names */
export function askedEncoding(name: string): string | undefined {
  // A configuration of an earlier version has none.
  if (!name || name === 'auto') return undefined;
  if (ENCODINGS.includes(name)) return name;
  throw new UserError(`dataset.encoding "${name}" is unknown; use auto or one of ${ENCODINGS.join(', ')}.`);
}
