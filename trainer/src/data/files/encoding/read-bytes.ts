import { createReadStream, type ReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UserError } from '../../../errors.js';
import { codeOf, messageOf } from '../../failure.js';

const PIECE_BYTES = 1 << 20;
/** Text seldom shrinks to a thirtieth; what unpacks to more than this many times its size was made to fill the machine. */
const MOST_EXPANSION = 256;
/** A small file may expand further. */
const ALWAYS_ALLOWED_BYTES = 64 * 1024 * 1024;

/** The first bytes of a file, as they lie on the disk. */
export async function headOf(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * The bytes of a file piece by piece, unpacked when it is a gzip file, whatever its name.
 * @throws UserError for a damaged gzip file, or one that unpacks to far more than its size
 */
export async function* readBytes(path: string): AsyncGenerator<Buffer> {
  const magic = await headOf(path, 2);
  const file = createReadStream(path, { highWaterMark: PIECE_BYTES });
  if (magic[0] === 0x1f && magic[1] === 0x8b) {
    yield* unpacked(file, path);
    return;
  }
  try {
    yield* file as AsyncIterable<Buffer>;
  } finally {
    file.destroy();
  }
}

async function* unpacked(file: ReadStream, path: string): AsyncGenerator<Buffer> {
  const most = Math.max(ALWAYS_ALLOWED_BYTES, MOST_EXPANSION * (await stat(path)).size);
  const gunzip = createGunzip({ chunkSize: PIECE_BYTES });
  // The failure comes out of the loop below.
  pipeline(file, gunzip, () => undefined);
  let total = 0;
  try {
    for await (const piece of gunzip as AsyncIterable<Buffer>) {
      total += piece.length;
      if (total > most) {
        throw new UserError(
          `${path} unpacks to more than ${most} bytes, ${MOST_EXPANSION} times its size: unpack it and look at it first.`,
        );
      }
      yield piece;
    }
  } catch (error) {
    if (error instanceof UserError || !codeOf(error)?.startsWith('Z_')) throw error;
    throw new UserError(`${path} is not a sound gzip file: ${messageOf(error)}.`);
  } finally {
    gunzip.destroy();
    file.destroy();
  }
}
