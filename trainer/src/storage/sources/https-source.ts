import { UserError } from '../../errors.js';
import { shown } from '../address.js';
import type { Credentials } from '../credentials.js';
import { checkAnswer, discard, openRange, type Refusal } from '../http/answers.js';
import type { Response } from '../http/web-client.js';
import { retrying } from '../retry.js';
import type { RemoteFile, Shelf, Source, SourceContext, SourceRequest } from '../source.js';

const KEYS = 'token, or username and password,';

/** `https://`: single files, and folders whose file names are known, because a web server does not list them. */
export class HttpsSource implements Source {
  constructor(private readonly context: SourceContext) {}

  async open({ uri, sha256, credentials }: SourceRequest): Promise<Shelf> {
    const url = new URL(uri);
    if (url.username !== '' || url.password !== '') {
      throw new UserError(
        `${shown(uri)}: an address must not hold a password, because jobs can be read by many: put username and password into a Secret and name it in secretRef`,
      );
    }
    const authorization = authorizationOf(credentials);
    const file = (address: string, path: string) =>
      this.look(address, path, { authorization, credentials, sha256 });
    return {
      identity: [uri, authorization ?? ''],
      version: undefined,
      find: (path) => file(below(url, path), path),
      list: async () => {
        const found = await file(uri, nameOf(url));
        if (found === undefined) throw new UserError(`${shown(uri)}: there is no such file (404)`);
        return [found];
      },
    };
  }

  /** Asks for one byte of the file: that works where HEAD is not allowed, as with signed addresses. */
  private look(address: string, path: string, access: Access): Promise<RemoteFile | undefined> {
    const place = shown(address);
    return retrying(place, this.context.retry, async () => {
      const response = await this.send(address, access, {
        range: 'bytes=0-0',
        'accept-encoding': 'identity',
      });
      const refusal = { place, credentials: access.credentials, keys: KEYS };
      // An empty file has no first byte; it exists all the same.
      const empty = response.status === 416;
      if (response.status === 404 || response.status === 410) {
        await discard(response);
        return undefined;
      }
      if (!empty) await checkAnswer(response, refusal);
      const size = empty ? 0 : sizeIn(response);
      const etag = response.headers.get('etag') ?? undefined;
      const modified = response.headers.get('last-modified') ?? undefined;
      await discard(response);
      return this.file(address, { path, size, etag, modified }, access, refusal);
    });
  }

  private file(address: string, seen: Seen, access: Access, refusal: Refusal): RemoteFile {
    const { path, size, etag, modified } = seen;
    // Weak ETags do not promise the same bytes.
    const strong = etag?.startsWith('W/') === true ? undefined : etag;
    const validator = strong ?? modified;
    const pinned = access.sha256 !== undefined;
    return {
      path,
      size,
      digest: pinned ? { algorithm: 'sha256', hex: access.sha256 ?? '', byUser: true } : undefined,
      version: pinned ? access.sha256 : (etag ?? modified),
      open: (start) =>
        openRange({
          send: (headers) => this.send(address, access, headers),
          // Without a validator or a digest, the rest could be the rest of something else.
          start: pinned || validator !== undefined ? start : 0,
          validator: pinned ? undefined : validator,
          refusal,
        }),
    };
  }

  private async send(address: string, access: Access, headers: Record<string, string>): Promise<Response> {
    const { authorization } = access;
    return this.context.web(address, {
      headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
    });
  }
}

interface Access {
  readonly authorization: string | undefined;
  readonly credentials: Credentials;
  readonly sha256: string | undefined;
}

interface Seen {
  readonly path: string;
  readonly size: number | undefined;
  readonly etag: string | undefined;
  readonly modified: string | undefined;
}

function authorizationOf(credentials: Credentials): string | undefined {
  // Environment variables named "token" are nobody's promise; only a Secret that was named for the address counts.
  if (credentials.secret === '') return undefined;
  const token = credentials.get('token');
  if (token !== undefined) return `Bearer ${token}`;
  const [user, password] = [credentials.get('username'), credentials.get('password')];
  if (user === undefined || password === undefined) return undefined;
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** An address below a folder; the query, which may be a signature, goes along. */
function below(folder: URL, path: string): string {
  const url = new URL(folder);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path.split('/').map(encodeURIComponent).join('/')}`;
  return url.href;
}

function nameOf(url: URL): string {
  const name = decodeURIComponent(url.pathname.split('/').pop() ?? '');
  if (name !== '') return name;
  throw new UserError(
    `${shown(url.href)}: is a folder, and a web server does not list its files: name a file, or use s3:// or hf://`,
  );
}

function sizeIn(response: Response): number | undefined {
  const whole = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  const text = whole ?? (response.status === 200 ? response.headers.get('content-length') : undefined);
  const size = Number(text ?? NaN);
  return Number.isSafeInteger(size) ? size : undefined;
}
