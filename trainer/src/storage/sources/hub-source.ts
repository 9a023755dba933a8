import type { ListFileEntry } from '@huggingface/hub';
import { UserError } from '../../errors.js';
import { folderBefore, pathMatcher, safePath } from '../address.js';
import { settingOf, type Credentials } from '../credentials.js';
import { openRange, refusalError, type Refusal } from '../http/answers.js';
import type { RequestInit } from '../http/web-client.js';
import { retrying } from '../retry.js';
import type { Digest, RemoteFile, Shelf, Source, SourceContext, SourceRequest } from '../source.js';
import { parseHubAddress, type HubAddress } from './hub-address.js';

const COMMIT = /^[0-9a-f]{40}$/;
const KEYS = 'HF_TOKEN';
/** Files of a repository that are looked at. */
const MOST_ENTRIES = 100_000;

/** `hf://`: models and data sets of the Hugging Face hub, or of the mirror in `HF_ENDPOINT`, at one commit. */
export class HubSource implements Source {
  constructor(private readonly context: SourceContext) {}

  async open({ uri, revision, credentials }: SourceRequest): Promise<Shelf> {
    const address = parseHubAddress(uri);
    if (revision !== '' && address.revision !== '' && revision !== address.revision) {
      throw new UserError(
        `${uri}: names another revision than model.revision, ${revision}: name one of them`,
      );
    }
    const hub = new Repository(this.context, uri, address, credentials);
    const commit = await hub.commitOf(address.revision || revision || 'main');
    let listing: Promise<ReadonlyMap<string, RemoteFile>> | undefined;
    const files = () => (listing ??= hub.list(commit));
    return {
      identity: [hub.endpoint, address.type, address.repository, address.path, hub.token ?? ''],
      version: commit,
      find: async (path) => (await files()).get(path),
      list: async () => [...(await files()).values()],
    };
  }
}

/** One repository, seen with one token. */
class Repository {
  readonly endpoint: string;
  readonly token: string | undefined;
  private readonly refusal: Refusal;
  private readonly web: typeof fetch;

  constructor(
    private readonly context: SourceContext,
    uri: string,
    private readonly address: HubAddress,
    credentials: Credentials,
  ) {
    const { env, web } = context;
    this.endpoint = (settingOf(credentials, env, 'HF_ENDPOINT') ?? 'https://huggingface.co').replace(
      /\/+$/,
      '',
    );
    this.token =
      credentials.get('HF_TOKEN') ?? (credentials.secret === '' ? undefined : credentials.get('token'));
    const terms = `, and that its terms are accepted at ${this.endpoint}/${pageOf(address)}`;
    this.refusal = { place: uri, credentials, keys: `${KEYS}${credentials.secret === '' ? '' : terms}` };
    // The library insists on tokens that begin with "hf_"; those of a mirror need not.
    this.web = ((url: string, init: RequestInit = {}) =>
      web(url, { ...init, headers: { ...(init.headers as object), ...this.headers(url) } })) as never;
  }

  /** The commit that a branch or tag stands at. */
  async commitOf(revision: string): Promise<string> {
    if (COMMIT.test(revision)) return revision;
    const { datasetInfo, modelInfo } = await import('@huggingface/hub');
    const request = {
      name: this.address.repository,
      revision,
      additionalFields: ['sha' as const],
      hubUrl: this.endpoint,
      fetch: this.web,
    };
    const { sha } = await this.asking<{ sha?: unknown }>(() =>
      this.address.type === 'dataset' ? datasetInfo(request) : modelInfo(request),
    );
    if (typeof sha !== 'string' || !COMMIT.test(sha)) {
      throw new UserError(
        `${this.refusal.place}: ${this.endpoint} does not say at which commit ${revision} is`,
      );
    }
    return sha;
  }

  /** The files that the address means, by their path below it. */
  async list(commit: string): Promise<ReadonlyMap<string, RemoteFile>> {
    const { listFiles } = await import('@huggingface/hub');
    const { type, repository, path } = this.address;
    const matches = pathMatcher(path);
    const isFile = /\.[a-z][a-z0-9]*$/i.test(path) && !path.includes('*');
    const folder = isFile ? path.split('/').slice(0, -1).join('/') : folderBefore(path);
    const entries = await this.asking(async () => {
      const found: ListFileEntry[] = [];
      for await (const entry of listFiles({
        repo: { type, name: repository },
        revision: commit,
        recursive: !isFile,
        ...(folder === '' ? {} : { path: folder }),
        hubUrl: this.endpoint,
        fetch: this.web,
      })) {
        if (entry.type === 'file' && matches(entry.path)) found.push(entry);
        if (found.length > MOST_ENTRIES) {
          throw new UserError(
            `${this.refusal.place}: has more than ${MOST_ENTRIES} files: name a folder or a file in it`,
          );
        }
      }
      return found;
    });
    return new Map(
      entries.map((entry) => {
        const below = safePath(
          folder === '' ? entry.path : entry.path.slice(folder.length + 1),
          this.refusal.place,
        );
        return [below, this.file(below, entry, commit)];
      }),
    );
  }

  private file(path: string, entry: ListFileEntry, commit: string): RemoteFile {
    const { type, repository } = this.address;
    const at = entry.path.split('/').map(encodeURIComponent).join('/');
    const url = `${this.endpoint}/${type === 'dataset' ? 'datasets/' : ''}${repository}/resolve/${commit}/${at}`;
    return {
      path,
      size: entry.lfs?.size ?? entry.size,
      digest: digestOf(entry),
      version: entry.lfs?.oid ?? entry.oid,
      open: (start) =>
        openRange({
          // A commit does not change, so no validator is needed.
          send: (headers) => this.context.web(url, { headers: { ...headers, ...this.headers(url) } }),
          start,
          refusal: this.refusal,
        }),
    };
  }

  /** The token goes to the endpoint alone, wherever a listing may lead. */
  private headers(url: string): Record<string, string> {
    const ours = this.token !== undefined && new URL(url).origin === new URL(this.endpoint).origin;
    return ours ? { authorization: `Bearer ${this.token}` } : {};
  }

  private asking<T>(run: () => Promise<T>): Promise<T> {
    return retrying(this.refusal.place, this.context.retry, async () => {
      try {
        return await run();
      } catch (error) {
        const { statusCode } = error as { statusCode?: unknown };
        throw typeof statusCode === 'number' ? refusalError(statusCode, this.refusal) : error;
      }
    });
  }
}

function digestOf({ lfs, oid }: ListFileEntry): Digest | undefined {
  if (lfs !== undefined) return { algorithm: 'sha256', hex: lfs.oid };
  return oid !== undefined && COMMIT.test(oid) ? { algorithm: 'git', hex: oid } : undefined;
}

function pageOf({ type, repository }: HubAddress): string {
  return type === 'dataset' ? `datasets/${repository}` : repository;
}
