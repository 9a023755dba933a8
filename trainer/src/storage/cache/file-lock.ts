import { open } from 'node:fs/promises';
import { platform } from 'node:os';
import { loadFfi } from '../../support/index.js';

/** From <sys/file.h>; the same on Linux and macOS. */
const [SHARED, EXCLUSIVE, NON_BLOCKING, UNLOCK] = [1, 2, 4, 8] as const;

/** Calls flock(2) on a file descriptor; 0 = done. */
type Flock = (fd: number, operation: number) => number;

let loading: Promise<Flock | undefined> | undefined;

/**
 * A lock on a file between the processes of a machine. The kernel holds it, so it goes with the process that has it,
 * however that ends: no stale lock is ever waited for or broken.
 */
export class FileLock {
  private constructor(
    private readonly flock: Flock,
    private readonly file: Awaited<ReturnType<typeof open>>,
  ) {}

  /** Opens the lock without taking it; undefined on a platform without flock(2). */
  static async open(path: string): Promise<FileLock | undefined> {
    const flock = await (loading ??= loadFlock());
    return flock === undefined ? undefined : new FileLock(flock, await open(path, 'a', 0o600));
  }

  tryExclusive(): boolean {
    return this.flock(this.file.fd, EXCLUSIVE | NON_BLOCKING) === 0;
  }

  /** Also changes an exclusive lock into a shared one. */
  tryShared(): boolean {
    return this.flock(this.file.fd, SHARED | NON_BLOCKING) === 0;
  }

  release(): void {
    this.flock(this.file.fd, UNLOCK);
  }

  /** Releases it, too. */
  close(): Promise<void> {
    return this.file.close();
  }
}

async function loadFlock(): Promise<Flock | undefined> {
  const ffi = await loadFfi();
  const library = { linux: 'libc.so.6', darwin: 'libSystem.B.dylib' }[platform() as string];
  if (ffi === undefined || library === undefined) return undefined;
  try {
    return ffi.load(library).func('int flock(int fd, int operation)') as Flock;
  } catch {
    return undefined;
  }
}
