import type { Credentials } from './credentials.js';
import type { WebClient } from './http/web-client.js';
import type { RetryPolicy } from './retry.js';

/** What a source is read as; it decides which of its files are fetched. */
export type Purpose = 'model' | 'adapter' | 'data';

/** What the bytes of a file must hash to. `git` = the object id that git gives a file: sha1 of a header and the bytes. */
export interface Digest {
  readonly algorithm: 'sha256' | 'git';
  readonly hex: string;
  /** The job's author named it, so a mismatch is not for the network to repair. */
  readonly byUser?: boolean;
}

/** Bytes of a file from `start` on; a server that cannot resume starts at 0. */
export interface RemoteBody {
  readonly start: number;
  /** Size of the whole file, where the server says it. */
  readonly size: number | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** A file that can be downloaded. */
export interface RemoteFile {
  /** Where it goes below the folder: names joined by `/`. */
  readonly path: string;
  /** Bytes; undefined when the server does not tell before. */
  readonly size: number | undefined;
  readonly digest: Digest | undefined;
  /** Changes whenever the content does, e.g. an ETag; undefined when the server gives nothing of the kind. */
  readonly version: string | undefined;
  /** @throws UserError when trying again is of no use, otherwise any error. */
  open(start: number): Promise<RemoteBody>;
}

/** What lies at one address, seen at one moment: later changes there do not mix in. */
export interface Shelf {
  /** What tells the address, and who may read it, from others; it is hashed and never printed, for it holds credentials. */
  readonly identity: readonly string[];
  /** Names the content of the whole address, e.g. a commit, where that is known without listing it. */
  readonly version: string | undefined;
  /** The file at a path below the address; undefined when there is none. */
  find(path: string): Promise<RemoteFile | undefined>;
  /** Every file below the address, or the one that it names. @throws UserError where files cannot be listed. */
  list(): Promise<readonly RemoteFile[]>;
}

/** An address and what belongs to it. */
export interface SourceRequest {
  /** Without fragment. */
  readonly uri: string;
  /** Branch, tag or commit; '' = the newest of the main branch. For sources that have such. */
  readonly revision: string;
  /** What the one file must hash to, when the author of the job said so. */
  readonly sha256: string | undefined;
  readonly credentials: Credentials;
}

/** Reads addresses of one scheme. Implementations stand side by side in `sources/`. */
export interface Source {
  /** @throws UserError when there is no such thing, or it may not be read: the sentence names the address and the way out. */
  open(request: SourceRequest): Promise<Shelf>;
}

/** What sources need of the world; tests bring their own. */
export interface SourceContext {
  readonly web: WebClient;
  readonly retry: RetryPolicy;
  readonly env: NodeJS.ProcessEnv;
}
