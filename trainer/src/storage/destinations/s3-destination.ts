import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openTemporaryFolder } from '@tuneyard/proto/processes';
import { UserError } from '../../errors.js';
import { safePath } from '../address.js';
import type { Credentials } from '../credentials.js';
import { downloadFile } from '../download-file.js';
import { bodyOf, textOf } from '../http/answers.js';
import {
  describeFolder,
  MANIFEST_FILE,
  parseManifest,
  writeManifest,
  type Manifest,
  type Writer,
} from '../manifest.js';
import { parseS3Address } from '../s3/address.js';
import { S3Client } from '../s3/client.js';
import { DEFAULT_UPLOAD, uploadFile, type UploadOptions } from '../s3/upload-file.js';
import type { SourceContext } from '../source.js';
import { S3Source } from '../sources/s3-source.js';
import type { Destination } from '../destination.js';

const MOST_MANIFEST_BYTES = 1 << 20;

/**
 * `s3://`: the manifest goes first when a folder is replaced or removed, and comes last when it is written, so that whoever
 * reads the manifest first sees a complete folder or none.
 */
export class S3Destination implements Destination {
  constructor(
    private readonly context: SourceContext,
    private readonly credentials: Credentials,
    private readonly upload: UploadOptions = DEFAULT_UPLOAD,
  ) {}

  publish(uri: string, fill: (folder: string) => Promise<void>, writer?: Writer): Promise<Manifest> {
    return withDraft(async (draft) => {
      await fill(draft);
      const manifest = { ...(await describeFolder(draft)), writer };
      await writeManifest(draft, manifest);
      const { client, key } = this.at(uri);
      const before = await this.keys(client, key);
      const names = new Set(manifest.files.map(({ name }) => key + name));
      // First what makes the folder complete, then what this result has not.
      const entries = [
        ...before.filter((old) => old === key + MANIFEST_FILE),
        ...before.filter((old) => isConfig(old)),
      ];
      for (const old of entries) await this.delete(client, old);
      for (const old of before) if (!names.has(old) && !entries.includes(old)) await this.delete(client, old);
      for (const name of inReadersOrder(manifest)) {
        await uploadFile(client, key + name, join(draft, name), this.upload);
      }
      await uploadFile(client, key + MANIFEST_FILE, join(draft, MANIFEST_FILE), this.upload);
      return manifest;
    });
  }

  async list(uri: string): Promise<readonly string[]> {
    const { client, key } = this.at(uri);
    const names: string[] = [];
    for await (const object of client.list(key)) {
      const [name = '', file, ...deeper] = object.key.slice(key.length).split('/');
      if (file === MANIFEST_FILE && deeper.length === 0) names.push(name);
    }
    return names.sort();
  }

  async folders(uri: string): Promise<readonly string[]> {
    const { client, key } = this.at(uri);
    const names = new Set<string>();
    for await (const object of client.list(key)) {
      const [name = '', ...deeper] = object.key.slice(key.length).split('/');
      if (deeper.length > 0) names.add(name);
    }
    return [...names].sort();
  }

  async manifest(uri: string): Promise<Manifest | undefined> {
    const { client, key } = this.at(uri);
    const keys = await this.keys(client, key);
    return keys.includes(key + MANIFEST_FILE) ? this.readManifest(uri) : undefined;
  }

  async read<T>(uri: string, use: (folder: string) => Promise<T>): Promise<T> {
    const manifest = await this.readManifest(uri);
    if (manifest === undefined)
      throw new UserError(`${uri}: its ${MANIFEST_FILE} is none that this program wrote`);
    return withDraft(async (draft) => {
      const request = { uri, revision: '', sha256: undefined, credentials: this.credentials };
      const shelf = await new S3Source(this.context).open(request);
      for (const { name, sha256 } of manifest.files) {
        const file = await shelf.find(name);
        if (file === undefined)
          throw new UserError(`${uri}: ${name} is missing, although the manifest names it`);
        const target = join(draft, safePath(name, uri));
        await mkdir(dirname(target), { recursive: true });
        await downloadFile({ ...file, digest: { algorithm: 'sha256', hex: sha256 } }, target, {
          retry: this.context.retry,
          mostBytes: Infinity,
          place: `${uri}/${name}`,
          received: () => undefined,
          failed: () => undefined,
        });
      }
      return use(draft);
    });
  }

  async remove(uri: string): Promise<void> {
    const { client, key } = this.at(uri);
    const keys = await this.keys(client, key);
    const manifestFirst = keys.filter((old) => old === key + MANIFEST_FILE);
    for (const old of new Set([...manifestFirst, ...keys])) await this.delete(client, old);
  }

  /** @returns undefined when it is none of ours. @throws UserError when there is none */
  private async readManifest(uri: string): Promise<Manifest | undefined> {
    const { client, key } = this.at(uri);
    const answer = await client.ask({ method: 'GET', key: key + MANIFEST_FILE });
    const { bytes } = await bodyOf(answer, 0);
    return parseManifest(await textOf(bytes, MOST_MANIFEST_BYTES, uri));
  }

  /** The bucket, and how keys below the address begin. */
  private at(uri: string): { client: S3Client; key: string } {
    const { bucket, key } = parseS3Address(uri);
    const client = new S3Client(this.context, bucket, uri, this.credentials);
    return { client, key: key === '' ? '' : `${key}/` };
  }

  /** Objects directly below, not those of folders below. */
  private async keys(client: S3Client, key: string): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const object of client.list(key)) {
      if (!object.key.slice(key.length).includes('/')) keys.push(object.key);
    }
    return keys;
  }

  private async delete(client: S3Client, key: string): Promise<void> {
    await (await client.ask({ method: 'DELETE', key })).body?.cancel();
  }
}

/** Configurations last: programs that know no manifest open them first, and find the weights there. */
function inReadersOrder({ files }: Manifest): string[] {
  return files.map(({ name }) => name).sort((a, b) => Number(isConfig(a)) - Number(isConfig(b)));
}

const isConfig = (name: string) => name.endsWith('config.json');

async function withDraft<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const temporary = openTemporaryFolder('transfer');
  // All that lies in the draft is a part of the result.
  const draft = join(temporary.path, 'draft');
  try {
    await mkdir(draft);
    return await use(draft);
  } finally {
    temporary.remove();
  }
}
