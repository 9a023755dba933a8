import { UserError } from '../errors.js';

/**
 * Columns by field, from `instruction=问题,output=答案`, once or several times.
 * A comma divides where a field and `=` follow, so that a column may hold one.
 * @throws UserError that shows how it is written
 */
export function parseColumns(options: readonly string[]): Readonly<Record<string, string>> {
  const columns: Record<string, string> = {};
  for (const option of options)
    for (const pair of option.split(/[,，](?=[^,，=]+=)/u)) {
      const equals = pair.indexOf('=');
      const [field, column] = [pair.slice(0, Math.max(0, equals)).trim(), pair.slice(equals + 1).trim()];
      if (field === '' || column === '')
        throw new UserError(
          `--columns ${option}: write it as field=column, for example instruction=question,output=answer`,
        );
      if (Object.hasOwn(columns, field) && columns[field] !== column)
        throw new UserError(
          `--columns ${option}: ${field} is given two columns, ${columns[field]} and ${column}`,
        );
      columns[field] = column;
    }
  return columns;
}
