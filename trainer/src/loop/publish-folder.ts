import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Artifact } from '@tuneyard/proto';
import { UserError } from '../errors.js';

/**
 * Fills a folder beside the final place and renames it there, so that readers see the old result or the new one,
 * never half of one. Returns its digest and size.
 *
 * @param uri `file://` address of the folder; its parent is created, an existing result is replaced.
 */
export async function publishFolder(
  uri: string,
  format: string,
  fill: (folder: string) => Promise<void>,
): Promise<Artifact> {
  const target = folderOf(uri, 'output.uri');
  const draft = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString('hex')}`);
  await mkdir(draft, { recursive: true });
  try {
    await fill(draft);
    const { digest, bytes } = await digestFolder(draft);
    await replaceFolder(draft, target);
    return { format, uri, digest, bytes };
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

/** The local folder that a `file://` address names. @throws UserError for another scheme. */
export function folderOf(uri: string, field: string): string {
  if (uri.startsWith('file://')) return fileURLToPath(uri);
  throw new UserError(
    `${field}: "${uri}" is not a file:// address, and a worker reads and writes mounted folders only`,
  );
}

async function replaceFolder(draft: string, target: string): Promise<void> {
  const old = `${draft}.old`;
  const existed = await stat(target).then(
    () => true,
    () => false,
  );
  if (existed) await rename(target, old);
  await rename(draft, target);
  if (existed) await rm(old, { recursive: true, force: true });
}

/** sha256 over names, sizes and contents of the folder's files, in name order. */
async function digestFolder(folder: string): Promise<{ digest: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (const name of (await readdir(folder)).sort()) {
    const { size } = await stat(join(folder, name));
    hash.update(`${name}\0${size}\0`);
    for await (const part of createReadStream(join(folder, name))) hash.update(part as Buffer);
    bytes += size;
  }
  return { digest: `sha256:${hash.digest('hex')}`, bytes };
}
