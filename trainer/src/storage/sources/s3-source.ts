import { UserError } from '../../errors.js';
import { folderBefore, pathMatcher, safePath } from '../address.js';
import { openRange } from '../http/answers.js';
import { parseS3Address } from '../s3/address.js';
import { S3_KEYS, S3Client, type S3Object } from '../s3/client.js';
import type { RemoteFile, Shelf, Source, SourceContext, SourceRequest } from '../source.js';

/** Objects below an address that are looked at. */
const MOST_OBJECTS = 100_000;

/** `s3://bucket/key`: an object, a folder of objects, or those that a pattern with `*` matches. */
export class S3Source implements Source {
  constructor(private readonly context: SourceContext) {}

  async open({ uri, sha256, credentials }: SourceRequest): Promise<Shelf> {
    const { bucket, key } = parseS3Address(uri);
    const client = new S3Client(this.context, bucket, uri, credentials);
    let listing: Promise<ReadonlyMap<string, RemoteFile>> | undefined;
    const files = () => (listing ??= this.files(client, uri, key, sha256));
    return {
      identity: [client.endpoint, uri, client.keyId],
      version: undefined,
      find: async (path) => (await files()).get(path),
      list: async () => {
        const found = [...(await files()).values()];
        if (found.length === 0) throw new UserError(`${uri}: there is no object of this name or below it`);
        return found;
      },
    };
  }

  private async files(
    client: S3Client,
    uri: string,
    key: string,
    sha256: string | undefined,
  ): Promise<ReadonlyMap<string, RemoteFile>> {
    const { objects, root } = await objectsOf(client, uri, key);
    const files = objects.map((object): RemoteFile => {
      const path = safePath(object.key.slice(root.length), uri);
      return {
        path,
        size: object.size,
        digest: sha256 === undefined ? undefined : { algorithm: 'sha256', hex: sha256, byUser: true },
        version: object.etag,
        open: (start) =>
          openRange({
            // Never the rest of another version than the one that was listed.
            send: (headers) =>
              client.send({
                method: 'GET',
                key: object.key,
                headers: { ...headers, ...(object.etag === '' ? {} : { 'if-match': object.etag }) },
              }),
            start,
            refusal: {
              place: `s3://${client.bucket}/${object.key}`,
              credentials: client.access,
              keys: S3_KEYS,
            },
          }),
      };
    });
    return new Map(files.map((file) => [file.path, file]));
  }
}

/** @returns the objects, and how their keys begin before the paths */
async function objectsOf(
  client: S3Client,
  uri: string,
  key: string,
): Promise<{ objects: readonly S3Object[]; root: string }> {
  const folder = folderBefore(key);
  const root = folder === '' ? '' : `${folder}/`;
  const matches = pathMatcher(key);
  const objects: S3Object[] = [];
  for await (const object of client.list(root)) {
    // Keys that end with a slash are how some programs show empty folders.
    if (matches(object.key) && !object.key.endsWith('/')) objects.push(object);
    if (objects.length > MOST_OBJECTS) {
      throw new UserError(`${uri}: has more than ${MOST_OBJECTS} objects: name a folder or an object in it`);
    }
  }
  if (objects.length > 0 || key.includes('*')) return { objects, root };
  // No folder: then the object itself, which is the first of all keys that begin so.
  for await (const object of client.list(key, 1)) {
    if (object.key === key) return { objects: [object], root: key.slice(0, key.lastIndexOf('/') + 1) };
  }
  return { objects: [], root };
}
