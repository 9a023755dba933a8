import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { isJsonObject } from '../../support/index.js';
import { messageOf } from '../failure.js';
import { BrokenRow, type PlacedRow } from './placed-row.js';

/** Longest line accepted, characters: a file without line feeds must not fill the memory. */
const MAX_LINE = 16 * 1024 * 1024;

/** One JSON object a line; empty lines are passed over. Holds one line at a time. */
export async function* readJsonl(path: string): AsyncGenerator<PlacedRow> {
  const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 20 });
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  let number = 0;
  try {
    for await (const line of lines) {
      number++;
      const text = number === 1 ? line.replace(/^\uFEFF/, '') : line;
      if (text.trim() !== '') yield { place: `${path}:${number}`, row: parseLine(text) };
    }
  } finally {
    lines.close();
    stream.destroy();
  }
}

function parseLine(text: string): PlacedRow['row'] {
  if (text.length > MAX_LINE) return new BrokenRow(`the line is longer than ${MAX_LINE} characters`);
  try {
    return asRow(JSON.parse(text));
  } catch (error) {
    const reason = text.includes('\uFFFD') ? 'not UTF-8 text' : `not valid JSON (${messageOf(error)})`;
    return new BrokenRow(reason);
  }
}

/** A parsed value as a row; anything but an object is an error. */
export function asRow(value: unknown): PlacedRow['row'] {
  return isJsonObject(value) ? value : new BrokenRow('not a JSON object');
}
