import { writeFileSync } from 'node:fs';
import { UserError } from '../errors.js';

/** Writes a value as JSON to a file, or to standard output for `-`. @throws UserError when the file cannot be written. */
export function writeJson(file: string, value: unknown): void {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  if (file === '-') return void process.stdout.write(text);
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UserError(`--json ${file}: cannot be written (${(error as Error).message})`);
  }
}
