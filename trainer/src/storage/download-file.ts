import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TransferError, UserError } from '../errors.js';
import { backOff, BusyError, gaveUp, isWorthRetrying, type RetryPolicy } from './retry.js';
import type { Digest, RemoteFile } from './source.js';

export interface DownloadOptions {
  readonly retry: RetryPolicy;
  /** Bytes that a file may have when the server does not tell its size. */
  readonly mostBytes: number;
  readonly received: (bytes: number) => void;
  /** Told of every failure that is tried again. */
  readonly failed: (message: string) => void;
  /** The file's address, as it may be printed. */
  readonly place: string;
}

/** Two damaged copies in a row are no accident. */
const MOST_WRONG_DIGESTS = 2;

/** What arrived does not have the digest that it should have. */
class WrongDigest extends Error {
  constructor(
    readonly digest: Digest,
    readonly actual: string,
  ) {
    super(`what arrived has digest ${actual}, but ${digest.hex} was promised`);
  }
}

/**
 * Downloads a file to `target`, which appears complete and checked, or not at all. What an earlier try left in
 * `target.part`, also of another process, is gone on with.
 *
 * @throws UserError when the server refuses or the author's digest is wrong; TransferError when it failed too often
 */
export async function downloadFile(
  file: RemoteFile,
  target: string,
  options: DownloadOptions,
): Promise<void> {
  if ((await sizeOf(target)) !== undefined) return;
  const part = `${target}.part`;
  await mkdir(dirname(target), { recursive: true });
  let wrongDigests = 0;
  for (let failures = 0; ;) {
    const before = (await sizeOf(part)) ?? 0;
    try {
      await receive(file, part, options);
      await rename(part, target);
      return;
    } catch (error) {
      if (!isWorthRetrying(error)) throw error;
      if (error instanceof WrongDigest) {
        await rm(part, { force: true });
        if (++wrongDigests >= MOST_WRONG_DIGESTS) throw damaged(error, options.place);
      }
      const moved = ((await sizeOf(part)) ?? 0) > before;
      failures = moved ? 1 : failures + 1;
      if (failures >= options.retry.attempts) throw gaveUp(options.place, failures, error);
      options.failed((error as Error).message);
      await backOff(options.retry, failures, error);
    }
  }
}

async function receive(file: RemoteFile, part: string, options: DownloadOptions): Promise<void> {
  const have = (await sizeOf(part)) ?? 0;
  if (file.size === undefined || have < file.size) await append(file, part, have, options);
  else if (have > file.size) {
    await rm(part);
    throw new BusyError('more was left from an earlier try than the file has');
  }
  if (file.digest !== undefined) {
    const actual = await digestOf(part, file.digest.algorithm);
    if (actual !== file.digest.hex) throw new WrongDigest(file.digest, actual);
  }
}

async function append(file: RemoteFile, part: string, have: number, options: DownloadOptions): Promise<void> {
  const { start, size = file.size, bytes } = await file.open(have);
  if (file.size !== undefined && size !== file.size) {
    throw new BusyError(`the server sends a file of ${size} bytes, but listed one of ${file.size}`);
  }
  const most = size ?? options.mostBytes;
  const handle = await open(part, start === 0 ? 'w' : 'r+');
  try {
    await handle.truncate(start);
    let position = start;
    for await (const piece of bytes) {
      if (position + piece.length > most) throw tooLong(size, options);
      await handle.write(piece, 0, piece.length, position);
      position += piece.length;
      options.received(piece.length);
    }
    if (size !== undefined && position < size) {
      throw new BusyError(`the transfer ended after ${position} of ${size} bytes`);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function tooLong(size: number | undefined, { place, mostBytes }: DownloadOptions): Error {
  return size === undefined
    ? new UserError(`${place}: is larger than the ${mostBytes} bytes that are allowed`)
    : new BusyError(`the server sends more than the ${size} bytes that it announced`);
}

function damaged({ digest, message }: WrongDigest, place: string): Error {
  return digest.byUser === true
    ? new UserError(`${place}: ${message}: correct the address or its #sha256`)
    : new TransferError(`${place}: ${message}, ${MOST_WRONG_DIGESTS} times: the server's copy is damaged`);
}

/** Lower-case hexadecimal digest of a local file. */
export async function digestOf(path: string, algorithm: Digest['algorithm']): Promise<string> {
  const hash = createHash(algorithm === 'git' ? 'sha1' : 'sha256');
  if (algorithm === 'git') hash.update(`blob ${(await stat(path)).size}\0`);
  await feed(hash, path);
  return hash.digest('hex');
}

async function feed(hash: Hash, path: string): Promise<void> {
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}
