import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ResourceError } from '../../errors.js';
import { bytesText } from '../transfer-log.js';
import { FileLock } from './file-lock.js';

/** Space that downloads leave free on the disk. */
const SPARE_BYTES = 512 * 1024 * 1024;
/** Between two looks at a lock that another process has, milliseconds. */
const POLL_MS = 100;
const KEY = /^[0-9a-f]{32}$/;

export interface CacheRequest {
  /** Names the content: 32 hexadecimal digits. */
  readonly key: string;
  /** What the folder will need on the disk, asked for before {@link fill}; undefined = unknown. */
  readonly bytes: () => Promise<number | undefined>;
  /** Completes a folder that may hold what an earlier, interrupted call left. */
  readonly fill: (folder: string) => Promise<void>;
  /** Called once when another process fills the same folder. */
  readonly waiting: () => void;
}

/**
 * Folders on this machine's disk, named by what they hold, shared by all processes of the machine. Each is filled by one process at
 * a time and appears when it is complete. Those unused for longest make room for new ones; those in use never do.
 *
 * Layout: `<key>/` complete, `partial/<key>/` being filled, `locks/<key>` held shared while in use and exclusively while filled.
 */
export class SourceCache {
  /** Locks of what this process uses, until it ends. */
  private readonly inUse = new Map<string, FileLock>();

  /** @param freeBytes what the disk of a folder has left */
  constructor(
    private readonly root: string,
    private readonly freeBytes: (folder: string) => Promise<number> = freeBytesOf,
  ) {}

  /** The complete folder of the key. */
  async get({ key, bytes, fill, waiting }: CacheRequest): Promise<string> {
    const folder = join(this.root, key);
    await mkdir(join(this.root, 'locks'), { recursive: true, mode: 0o700 });
    const lock = this.inUse.get(key) ?? (await FileLock.open(join(this.root, 'locks', key)));
    if (lock === undefined) return this.getAlone(key, fill);
    try {
      for (let waited = false; ;) {
        // Whoever has the exclusive lock alone fills; all others wait for the shared one, which is kept while in use.
        if (lock.tryShared() && (await this.touch(folder))) break;
        lock.release();
        if (lock.tryExclusive()) {
          await this.fillIfMissing(folder, key, { bytes, fill });
          continue;
        }
        if (!waited) waiting();
        waited = true;
        await delay(POLL_MS * (0.5 + Math.random()));
      }
    } catch (error) {
      await lock.close();
      this.inUse.delete(key);
      throw error;
    }
    this.inUse.set(key, lock);
    return folder;
  }

  private async fillIfMissing(
    folder: string,
    key: string,
    { bytes, fill }: Pick<CacheRequest, 'bytes' | 'fill'>,
  ): Promise<void> {
    if (await exists(folder)) return;
    const partial = join(this.root, 'partial', key);
    await mkdir(partial, { recursive: true, mode: 0o700 });
    await this.makeRoom(await bytes(), partial);
    await fill(partial);
    await rename(partial, folder);
  }

  /** Lets go of everything that this process uses. */
  async close(): Promise<void> {
    await Promise.all([...this.inUse.values()].map((lock) => lock.close()));
    this.inUse.clear();
  }

  /** Without locks: every process fills a folder of its own, and the first to be complete is everybody's. */
  private async getAlone(key: string, fill: CacheRequest['fill']): Promise<string> {
    const folder = join(this.root, key);
    if (await this.touch(folder)) return folder;
    const partial = join(this.root, 'partial', `${key}-${randomBytes(4).toString('hex')}`);
    await mkdir(partial, { recursive: true, mode: 0o700 });
    await fill(partial);
    try {
      await rename(partial, folder);
    } catch (error) {
      if (!(await exists(folder))) throw error;
      await rm(partial, { recursive: true, force: true });
    }
    return folder;
  }

  /** Marks a folder as used now; false when there is none. */
  private async touch(folder: string): Promise<boolean> {
    const now = new Date();
    return utimes(folder, now, now).then(
      () => true,
      () => false,
    );
  }

  private async makeRoom(bytes: number | undefined, partial: string): Promise<void> {
    const present = await sizeBelow(partial);
    const needed = Math.max(0, (bytes ?? 0) - present) + SPARE_BYTES;
    for (const key of await this.oldestFirst()) {
      if ((await this.freeBytes(this.root)) >= needed) return;
      await this.remove(key);
    }
    const free = await this.freeBytes(this.root);
    if (free < needed && bytes !== undefined) {
      throw new ResourceError(
        `the cache at ${this.root} has ${bytesText(free)} free, but ${bytesText(needed)} are needed: give it a larger disk, or name another folder in TUNEYARD_CACHE`,
      );
    }
  }

  private async oldestFirst(): Promise<string[]> {
    const names = (await readdir(this.root)).filter((name) => KEY.test(name));
    const times = await Promise.all(
      names.map((name) =>
        stat(join(this.root, name)).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      ),
    );
    return names
      .map((name, index) => ({ name, time: times[index] ?? 0 }))
      .sort((a, b) => a.time - b.time)
      .map(({ name }) => name);
  }

  /** Deletes a folder that no process uses. */
  private async remove(key: string): Promise<void> {
    if (this.inUse.has(key)) return;
    const lock = await FileLock.open(join(this.root, 'locks', key));
    try {
      if (lock?.tryExclusive() !== true) return;
      const gone = join(this.root, 'partial', `gone-${key}`);
      await rename(join(this.root, key), gone);
      await rm(gone, { recursive: true, force: true });
    } finally {
      await lock?.close();
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function sizeBelow(folder: string): Promise<number> {
  let total = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) total += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return total;
}
