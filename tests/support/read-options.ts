import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * The options of a program of this folder: `--help` prints `usage` and ends it; an option that it does not have, or
 * one without its value, ends it with 2 and one sentence.
 */
export function readOptions<const T extends Options>(
  usage: string,
  options: T,
): ReturnType<typeof parseArgs<{ options: T }>>['values'] {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    console.log(usage.trim());
    process.exit(0);
  }
  try {
    return parseArgs<{ options: T }>({ options }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)} --help tells what there is.`);
    return process.exit(2);
  }
}
