import { UserError } from '../../errors.js';
import { words } from '../../words/index.js';

/** A name that comes twice would hide the first of its columns. @throws UserError at `place` */
export function checkedNames(names: string[], place: string): string[] {
  const twice = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  if (twice === undefined) return names;
  throw new UserError(words().dataset.columnTwice(place, twice));
}
