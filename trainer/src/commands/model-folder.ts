import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { languageOf } from '@tuneyard/proto/language';
import { hubPageProblem, missingModelFolder, modelFileProblem } from '@tuneyard/proto/model-address';
import { UserError } from '../errors.js';
import { fetchSource, localPathOf, openStorage, type TransferLog } from '../storage/index.js';
import { readJsonFile } from '../support/index.js';
import { words } from '../words/index.js';

export interface ModelFolderOptions {
  /** The option that names it, such as `--model`. */
  readonly option: string;
  readonly purpose: 'model' | 'adapter';
}

/** Standard output is for results. */
const ON_STDERR: TransferLog = { info: (message) => console.error(message), received: () => undefined };

/**
 * The folder of a model or adapter that an option names; what lies at an hf://, s3:// or https:// address is fetched.
 * @throws UserError that says what was probably meant
 */
export async function modelFolder(given: string, { option, purpose }: ModelFolderOptions): Promise<string> {
  const path = localPathOf(given, process.env);
  if (path === undefined) return fetched(given, { option, purpose });
  if (!existsSync(path))
    throw new UserError(`${option}: ${missingModelFolder(given, purpose, languageOf(process.env))}`);
  if (!statSync(path).isDirectory())
    throw new UserError(`${option}: ${modelFileProblem(given, dirname(path), languageOf(process.env))}`);
  if (purpose === 'model') refuseAdapter(path, option);
  return path;
}

async function fetched(given: string, { option, purpose }: ModelFolderOptions): Promise<string> {
  const page = hubPageProblem(given, languageOf(process.env));
  if (page !== undefined) throw new UserError(`${option}: ${page}`);
  const wanted = { uri: given, purpose, revision: '', secret: '', field: option };
  const { uri } = await fetchSource(wanted, openStorage(process.env, ON_STDERR));
  return fileURLToPath(uri);
}

/** Whoever has just trained tends to name the result as the model. */
function refuseAdapter(folder: string, option: string): void {
  const config = join(folder, 'adapter_config.json');
  if (!existsSync(config) || existsSync(join(folder, 'config.json'))) return;
  const base = readJsonFile(config)['base_model_name_or_path'];
  const named = typeof base === 'string' && base !== '' ? base : 'DIR';
  throw new UserError(`${option}: ${words().asking.adapterAsModel(folder, named)}`);
}
