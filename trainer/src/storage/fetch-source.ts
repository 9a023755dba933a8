import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UserError } from '../errors.js';
import { schemeOf, shown, splitPin } from './address.js';
import type { SourceCache } from './cache/source-cache.js';
import { credentialsOf } from './credentials.js';
import { downloadFile } from './download-file.js';
import { localPathOf } from './local-path.js';
import { selectFiles } from './select-files.js';
import type { Purpose, RemoteFile, Shelf, Source, SourceContext } from './source.js';
import { HttpsSource } from './sources/https-source.js';
import { HubSource } from './sources/hub-source.js';
import { S3Source } from './sources/s3-source.js';
import { bytesText, type TransferLog } from './transfer-log.js';
import { TransferProgress } from './transfer-progress.js';

/** One address of a job. */
export interface Wanted {
  readonly uri: string;
  readonly purpose: Purpose;
  /** Branch, tag or commit, for hubs; '' = not said. */
  readonly revision: string;
  /** Name of the Secret with credentials; '' = none. */
  readonly secret: string;
  /** Field of the job that holds the address, for errors. */
  readonly field: string;
}

/** Where the content of an address is on this machine. */
export interface Fetched {
  /** `file://` address of the file or folder. */
  readonly uri: string;
  /** Names the content, e.g. a commit; '' for local addresses, whose content is looked at directly. */
  readonly version: string;
}

export interface FetchContext extends SourceContext {
  readonly cache: SourceCache;
  readonly log: TransferLog;
}

/** Limits on what one address may bring. */
const MOST_FILES = 10_000;
const MOST_BYTES = 4e12;
/** Files of one address that are downloaded at a time. */
const AT_ONCE = 4;

const SOURCES: Readonly<Record<string, new (context: SourceContext) => Source>> = {
  https: HttpsSource,
  hf: HubSource,
  s3: S3Source,
};

/**
 * Makes the content of an address available on this machine: local addresses as they are, others from the cache, into
 * which they are downloaded once for all processes of the machine.
 *
 * @throws UserError when the address cannot be used; TransferError when its server fails for long; ResourceError when the disk is full
 */
export async function fetchSource(wanted: Wanted, context: FetchContext): Promise<Fetched> {
  const local = localPathOf(wanted.uri, context.env);
  if (local !== undefined) return { uri: pathToFileURL(local).href, version: '' };
  const { uri, sha256 } = splitPin(wanted.uri);
  const implementation = SOURCES[schemeOf(uri)];
  if (implementation === undefined) {
    throw new UserError(
      `${wanted.field}: "${shown(uri)}" cannot be read; use file://, pvc://, hf://, s3:// or https://`,
    );
  }
  try {
    const { revision, purpose } = wanted;
    const credentials = credentialsOf(wanted.secret, context.env);
    const shelf = await new implementation(context).open({ uri, revision, sha256, credentials });
    return await fromShelf(shelf, { uri, place: shown(uri), purpose, pinned: sha256 !== undefined }, context);
  } catch (error) {
    throw error instanceof UserError
      ? new UserError(`${wanted.field}: ${error.message}`, { cause: error })
      : error;
  }
}

interface Place {
  readonly uri: string;
  readonly place: string;
  readonly purpose: Purpose;
  /** One digest was given, so it must be one file. */
  readonly pinned: boolean;
}

async function fromShelf(shelf: Shelf, at: Place, context: FetchContext): Promise<Fetched> {
  const { place, purpose } = at;
  let listed: Promise<readonly RemoteFile[]> | undefined;
  const files = () => (listed ??= boundedFiles(shelf, at, context));
  // A commit tells all, without a listing; anything else needs the versions of its files.
  const version = shelf.version ?? versionOf(await files());
  const identity = [...shelf.identity, purpose, version ?? randomBytes(16).toString('hex')];
  const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
  const folder = await context.cache.get({
    key,
    bytes: async () => totalBytes(await files()),
    waiting: () => context.log.info(`${place}: another process on this machine downloads it; waiting`),
    fill: async (draft) => download(await files(), draft, at, context),
  });
  return { uri: pathToFileURL(folder).href, version: version ?? key };
}

async function boundedFiles(shelf: Shelf, at: Place, context: FetchContext): Promise<readonly RemoteFile[]> {
  const { place, purpose, pinned } = at;
  const files = await selectFiles(shelf, { purpose, place, retry: context.retry });
  if (pinned && files.length !== 1) {
    throw new UserError(`${place}: #sha256= is for a single file, but these are ${files.length}`);
  }
  const bytes = totalBytes(files) ?? 0;
  if (files.length > MOST_FILES || bytes > MOST_BYTES) {
    throw new UserError(
      `${place}: ${files.length} files of ${bytesText(bytes)} are more than the ${MOST_FILES} files and ${bytesText(MOST_BYTES)} that are fetched from one address: name a smaller part of it`,
    );
  }
  return files;
}

async function download(
  files: readonly RemoteFile[],
  folder: string,
  { place }: Place,
  { retry, log }: FetchContext,
): Promise<void> {
  const progress = new TransferProgress(place, totalBytes(files), log);
  const queue = [...files];
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const at = files.length === 1 ? place : `${place}: ${file.path}`;
      await downloadFile(file, join(folder, file.path), {
        retry,
        mostBytes: MOST_BYTES,
        place: at,
        received: (bytes) => progress.received(bytes),
        failed: (message) => log.info(`${at}: ${message}; trying again`),
      });
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    progress.complete();
  } finally {
    // The first failure ends the others, too: they take no further file.
    queue.length = 0;
    progress.stop();
  }
}

/** Names the content of files by their paths and versions; undefined when one has none. */
function versionOf(files: readonly RemoteFile[]): string | undefined {
  if (files.some(({ version }) => version === undefined)) return undefined;
  const parts = files.map(({ path, size, version }) => JSON.stringify([path, size, version]));
  return createHash('sha256').update(parts.sort().join('\n')).digest('hex').slice(0, 40);
}

/** Undefined when the size of one is not known. */
function totalBytes(files: readonly RemoteFile[]): number | undefined {
  return files.reduce<number | undefined>(
    (sum, { size }) => (sum === undefined || size === undefined ? undefined : sum + size),
    0,
  );
}
