import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { below, type Destination } from '../storage/index.js';

const FOLDER = 'run-date';
const FILE = 'date.txt';

/**
 * The date of the first run that left one beside its checkpoints, RFC 3339; `now`, which is kept from here on, where there is
 * none. A run that goes on on another day so renders the same texts, and finds its checkpoints.
 *
 * @param uri folder of the checkpoints of all runs
 * @throws TransferError when the storage does not answer
 */
export async function keptRunDate(destination: Destination, uri: string, now: Date): Promise<string> {
  const place = below(uri, FOLDER);
  if ((await destination.list(uri)).includes(FOLDER)) {
    const text = await destination.read(place, (folder) => readFile(join(folder, FILE), 'utf8'));
    const kept = new Date(text.trim());
    if (!Number.isNaN(kept.getTime())) return kept.toISOString();
  }
  return keepRunDate(destination, uri, now);
}

/** Keeps `now` as the date of the run, in place of an earlier one. */
export async function keepRunDate(destination: Destination, uri: string, now: Date): Promise<string> {
  const date = now.toISOString();
  await destination.publish(below(uri, FOLDER), (folder) => writeFile(join(folder, FILE), `${date}\n`));
  return date;
}
