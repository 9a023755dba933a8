import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingModelFolder, probableHubAddress } from '@tuneyard/proto/model-address';
import { UserError } from '../errors.js';
import { fetchSource, localPathOf, openStorage, type TransferLog } from '../storage/index.js';
import { readJsonFile } from '../support/index.js';

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
  if (!existsSync(path)) throw new UserError(`${option}: ${missingModelFolder(given, purpose)}`);
  if (!statSync(path).isDirectory())
    throw new UserError(`${option}: ${given} is a file; give the folder that holds it, ${dirname(path)}`);
  if (purpose === 'model') refuseAdapter(path, option);
  return path;
}

async function fetched(given: string, { option, purpose }: ModelFolderOptions): Promise<string> {
  const page = given.startsWith('https://') ? probableHubAddress(given) : undefined;
  if (page !== undefined) throw new UserError(`${option}: ${given} is a web page; did you mean ${page}?`);
  const wanted = { uri: given, purpose, revision: '', secret: '', field: option };
  const { uri } = await fetchSource(wanted, openStorage(process.env, ON_STDERR));
  return fileURLToPath(uri);
}

/** Whoever has just trained tends to name the result as the model. */
function refuseAdapter(folder: string, option: string): void {
  const config = join(folder, 'adapter_config.json');
  if (!existsSync(config) || existsSync(join(folder, 'config.json'))) return;
  const base = readJsonFile(config)['base_model_name_or_path'];
  const named = typeof base === 'string' && base !== '' ? ` (${base})` : '';
  throw new UserError(
    `${option}: ${folder} is an adapter and no model: name its base model${named} by --model, and this folder by --adapter`,
  );
}
