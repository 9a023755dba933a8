import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../errors.js';
import type { Destination } from '../destination.js';
import { localPathOf } from '../local-path.js';
import {
  describeFolder,
  MANIFEST_FILE,
  parseManifest,
  writeManifest,
  type Manifest,
  type Writer,
} from '../manifest.js';

/** `file://` and `pvc://`: written beside the final place, synced, and renamed there. */
export class LocalDestination implements Destination {
  constructor(private readonly env: NodeJS.ProcessEnv) {}

  async publish(uri: string, fill: (folder: string) => Promise<void>, writer?: Writer): Promise<Manifest> {
    const target = this.pathOf(uri);
    const draft = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString('hex')}`);
    await mkdir(draft, { recursive: true });
    try {
      await fill(draft);
      const manifest = { ...(await describeFolder(draft)), writer };
      await writeManifest(draft, manifest);
      for (const name of await readdir(draft)) await sync(join(draft, name));
      await replaceFolder(draft, target);
      await sync(dirname(target));
      return manifest;
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      throw error;
    }
  }

  async list(uri: string): Promise<readonly string[]> {
    const root = this.pathOf(uri);
    const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
    const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
    const complete = await Promise.all(names.map(({ name }) => exists(join(root, name, MANIFEST_FILE))));
    return names
      .filter((_, index) => complete[index])
      .map(({ name }) => name)
      .sort();
  }

  async folders(uri: string): Promise<readonly string[]> {
    const entries = await readdir(this.pathOf(uri), { withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  }

  async manifest(uri: string): Promise<Manifest | undefined> {
    return parseManifest(await readFile(join(this.pathOf(uri), MANIFEST_FILE), 'utf8').catch(() => ''));
  }

  async read<T>(uri: string, use: (folder: string) => Promise<T>): Promise<T> {
    const folder = this.pathOf(uri);
    const manifest = await this.manifest(uri);
    if (manifest === undefined) throw new UserError(`${uri}: there is no complete folder`);
    const { digest, bytes } = await describeFolder(folder);
    if (digest !== manifest.digest) {
      throw new UserError(
        `${uri}: its ${bytes} bytes have not the digest that ${MANIFEST_FILE} names: it was changed or is damaged`,
      );
    }
    return use(folder);
  }

  async remove(uri: string): Promise<void> {
    await rm(this.pathOf(uri), { recursive: true, force: true });
  }

  private pathOf(uri: string): string {
    const path = localPathOf(uri, this.env);
    if (path === undefined) throw new Error(`${uri} is not local`);
    return path.replace(/\/+$/, '');
  }
}

async function replaceFolder(draft: string, target: string): Promise<void> {
  const old = `${draft}.old`;
  const existed = await exists(target);
  if (existed) await rename(target, old);
  await rename(draft, target);
  if (existed) await rm(old, { recursive: true, force: true });
}

/** To the disk, so that the rename never comes before the content. */
async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
