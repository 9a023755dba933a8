import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { parseManifests, type Manifest } from '../api/index.js';
import { UserError } from '../errors.js';

/**
 * The documents of YAML files, `-` being standard input, checked as the API server would, without one.
 * @throws UserError when a file cannot be read or holds nothing
 */
export function readManifests(files: readonly string[]): Manifest[] {
  return files.flatMap((file) => {
    const manifests = parseManifests(readText(file), { file: file === '-' ? 'standard input' : file });
    if (manifests.length === 0) throw new UserError(`${file} holds no object`);
    return manifests;
  });
}

function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  if (!isUtf8(bytes)) throw new UserError(`${file} is not UTF-8 text: save it as UTF-8`);
  return new TextDecoder().decode(bytes);
}
