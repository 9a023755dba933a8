import { readFile, stat } from 'node:fs/promises';
import { UserError } from '../../errors.js';
import { messageOf } from '../failure.js';
import type { PlacedRow } from './placed-row.js';
import { asRow, readJsonl } from './read-jsonl.js';

/** A JSON array is parsed as a whole; larger files are to be JSON lines, which are streamed. */
const MAX_BYTES = 256 * 1024 * 1024;

/** A JSON array of objects; also JSON lines under the wrong name, which is common. */
export async function* readJsonArray(path: string): AsyncGenerator<PlacedRow> {
  if ((await stat(path)).size > MAX_BYTES) {
    throw new UserError(
      `${path} is larger than ${MAX_BYTES >> 20} MiB; convert it to .jsonl, which is streamed.`,
    );
  }
  const text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  if (text.trimStart().startsWith('{')) {
    yield* readJsonl(path);
    return;
  }
  const values = parseArray(text, path);
  for (const [index, value] of values.entries()) {
    yield { place: `${path}: row ${index + 1}`, row: asRow(value) };
  }
}

function parseArray(text: string, path: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path}${lineOf(text, messageOf(error))}: not valid JSON (${messageOf(error)}).`);
  }
  if (!Array.isArray(value)) throw new UserError(`${path}: expected a JSON array of objects.`);
  return value;
}

/** V8 names the character; people want the line. */
function lineOf(text: string, message: string): string {
  const position = /position (\d+)/.exec(message)?.[1];
  return position === undefined ? '' : `:${text.slice(0, Number(position)).split('\n').length}`;
}
