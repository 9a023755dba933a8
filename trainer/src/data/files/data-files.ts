import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../errors.js';
import { DATA_EXTENSIONS, dataFilesAmong } from '../../support/index.js';
import { codeOf, messageOf } from '../failure.js';
import { words } from '../../words/index.js';

const MOST_FILES = 10_000;

/**
 * The files of a source: itself, or the data files in the folder and those below it, in order of their paths.
 * @param uri `file://` address or path
 * @throws UserError when there are none, or they cannot be seen
 */
export function dataFilesOf(uri: string): readonly string[] {
  const path = uri.startsWith('file://') ? fileURLToPath(uri) : uri;
  try {
    if (!statSync(path).isDirectory()) return [path];
    const held = readdirSync(path, { withFileTypes: true, recursive: true }).filter((entry) =>
      entry.isFile(),
    );
    const files = dataFilesAmong(held, ({ name }) => name)
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    if (files.length > MOST_FILES)
      throw new UserError(words().dataset.tooManyFiles(path, String(MOST_FILES)));
    if (files.length > 0) return files;
  } catch (error) {
    if (error instanceof UserError) throw error;
    const missing = codeOf(error) === 'ENOENT';
    throw new UserError(
      missing ? words().dataset.missing(path) : words().dataset.unreadable(path, messageOf(error)),
    );
  }
  throw new UserError(words().dataset.noDataFile(path, DATA_EXTENSIONS.join(', ')));
}
