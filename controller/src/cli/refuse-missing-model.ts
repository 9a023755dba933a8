import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { languageOf } from '@tuneyard/proto/language';
import { hubPageProblem, missingModelFolder, modelFileProblem } from '@tuneyard/proto/model-address';
import { UserError } from '../errors.js';

/**
 * Looks whether a model that `--model` names as a folder of this machine is there, before anything is started.
 * @throws UserError that says what was probably meant
 */
export function refuseMissingModel(given: string): void {
  const language = languageOf(process.env);
  const page = hubPageProblem(given, language);
  if (page !== undefined) throw new UserError(`--model: ${page}`);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(given) && !given.startsWith('file://')) return;
  const path = given.startsWith('file://') ? fileURLToPath(given) : resolve(given);
  if (!existsSync(path)) throw new UserError(`--model: ${missingModelFolder(given, 'model', language)}`);
  if (!statSync(path).isDirectory())
    throw new UserError(`--model: ${modelFileProblem(given, dirname(path), language)}`);
}
