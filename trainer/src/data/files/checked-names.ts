import { UserError } from '../../errors.js';

/** A name that comes twice would hide the first of its columns. @throws UserError at `place` */
export function checkedNames(names: string[], place: string): string[] {
  const twice = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  if (twice === undefined) return names;
  throw new UserError(`${place}: the column "${twice}" is there twice: rename one of them.`);
}
