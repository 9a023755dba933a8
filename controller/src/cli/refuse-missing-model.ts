import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingModelFolder, probableHubAddress } from '@tuneyard/proto/model-address';
import { UserError } from '../errors.js';

/**
 * Looks whether a model that `--model` names as a folder of this machine is there, before anything is started.
 * @throws UserError that says what was probably meant
 */
export function refuseMissingModel(given: string): void {
  if (given.startsWith('https://')) {
    const meant = probableHubAddress(given);
    if (meant !== undefined) throw new UserError(`--model: ${given} is a web page; did you mean ${meant}?`);
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(given) && !given.startsWith('file://')) return;
  const path = given.startsWith('file://') ? fileURLToPath(given) : resolve(given);
  if (!existsSync(path)) throw new UserError(`--model: ${missingModelFolder(given)}`);
  if (!statSync(path).isDirectory())
    throw new UserError(`--model: ${given} is a file; give the folder that holds it, ${dirname(path)}`);
}
