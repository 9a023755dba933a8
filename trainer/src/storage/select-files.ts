import { UserError } from '../errors.js';
import { DATA_EXTENSIONS, dataFilesAmong } from '../support/index.js';
import { textOf } from './http/answers.js';
import { MANIFEST_FILE, parseManifest } from './manifest.js';
import { retrying, type RetryPolicy } from './retry.js';
import type { Purpose, RemoteFile, Shelf } from './source.js';

/** Files of a Hugging Face model folder that are read, besides the weights. Nothing else is ever downloaded: no code, no pickles. */
const MODEL_FILES = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
] as const;
const WEIGHTS = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const ADAPTER_FILES = ['adapter_config.json', 'adapter_model.safetensors'] as const;
const MOST_TEXT_BYTES = 64 * 1024 * 1024;
const MOST_SHARDS = 4096;

export interface Selection {
  readonly purpose: Purpose;
  /** The address, as it may be printed. */
  readonly place: string;
  readonly retry: RetryPolicy;
}

/**
 * The files of an address that its purpose needs.
 * @throws UserError when one that must be there is not
 */
export async function selectFiles(shelf: Shelf, selection: Selection): Promise<readonly RemoteFile[]> {
  if (selection.purpose === 'data') return dataFiles(shelf, selection);
  const files =
    selection.purpose === 'model'
      ? modelFiles(shelf, selection)
      : Promise.all(ADAPTER_FILES.map((name) => required(shelf, name, selection)));
  return withDigests(await files, shelf, selection);
}

async function modelFiles(shelf: Shelf, selection: Selection): Promise<RemoteFile[]> {
  const config = await required(shelf, MODEL_FILES[0], selection);
  const others = await Promise.all(MODEL_FILES.slice(1).map((name) => shelf.find(name)));
  const files = [config, ...others.filter((file) => file !== undefined)];
  const single = await shelf.find(WEIGHTS);
  if (single !== undefined) return [...files, single];
  const index = await shelf.find(INDEX);
  // Without weights the model is trained from random ones.
  if (index === undefined) return files;
  const names = shardNames(await read(index, selection), selection);
  return [...files, index, ...(await Promise.all(names.map((name) => required(shelf, name, selection))))];
}

function shardNames(text: string, { place }: Selection): string[] {
  let map: unknown;
  try {
    map = (JSON.parse(text) as { weight_map?: unknown }).weight_map;
  } catch {
    map = undefined;
  }
  const names = typeof map === 'object' && map !== null ? [...new Set(Object.values(map))] : [];
  const sound = names.filter((name) => typeof name === 'string' && /^[\w.-]+\.safetensors$/.test(name));
  if (names.length === 0 || sound.length !== names.length || names.length > MOST_SHARDS) {
    throw new UserError(`${place}: ${INDEX} does not name the files of the weights in "weight_map"`);
  }
  return sound as string[];
}

async function dataFiles(shelf: Shelf, { place }: Selection): Promise<readonly RemoteFile[]> {
  const all = await shelf.list();
  const files = dataFilesAmong(all, ({ path }) => path);
  if (files.length > 0) return files;
  const held = all.slice(0, 3).map(({ path }) => path);
  throw new UserError(
    `${place}: has no data file (${DATA_EXTENSIONS.join(', ')})${held.length === 0 ? '' : `; it holds ${held.join(', ')}`}`,
  );
}

/** A folder that this program published says what its files must hash to. */
async function withDigests(
  files: readonly RemoteFile[],
  shelf: Shelf,
  selection: Selection,
): Promise<readonly RemoteFile[]> {
  if (files.every(({ digest }) => digest !== undefined)) return files;
  const manifestFile = await shelf.find(MANIFEST_FILE);
  const manifest = manifestFile && parseManifest(await read(manifestFile, selection));
  if (!manifest) return files;
  const known = new Map(manifest.files.map(({ name, sha256 }) => [name, sha256]));
  return files.map((file) => {
    const hex = known.get(file.path);
    return file.digest !== undefined || hex === undefined
      ? file
      : { ...file, digest: { algorithm: 'sha256', hex } };
  });
}

async function required(shelf: Shelf, name: string, { place, purpose }: Selection): Promise<RemoteFile> {
  const file = await shelf.find(name);
  if (file !== undefined) return file;
  throw new UserError(`${place}: has no ${name}, which every ${purpose} folder has: check the address`);
}

function read(file: RemoteFile, { place, retry }: Selection): Promise<string> {
  return retrying(place, retry, async () => textOf((await file.open(0)).bytes, MOST_TEXT_BYTES, place));
}
