import { stat } from 'node:fs/promises';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { UserError } from '../../../errors.js';
import { words } from '../../../words/index.js';
import { messageOf } from '../../failure.js';

/** A workbook has some dozen parts, and one for each picture. */
const MOST_PARTS = 10_000;
/** The XML of a table shrinks to a tenth; what unpacks to more than this many times its size was made to fill the machine. */
const MOST_EXPANSION = 256;
/** A small file may expand further. */
const ALWAYS_ALLOWED_BYTES = 64 * 1024 * 1024;

/** The parts of an Office file, by name. Only what is asked for is unpacked, and never more than its directory says. */
export class ZipParts {
  private constructor(
    private readonly path: string,
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
    private readonly mostBytes: number,
  ) {}

  /** @throws UserError for what is no sound zip file */
  static async open(path: string): Promise<ZipParts> {
    let zip: ZipFile | undefined;
    try {
      const { size } = await stat(path);
      zip = await openPromise(path, { autoClose: false });
      if (zip.entryCount > MOST_PARTS) throw new Error(`it has ${zip.entryCount} parts`);
      const entries = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry);
      return new ZipParts(path, zip, entries, Math.max(ALWAYS_ALLOWED_BYTES, MOST_EXPANSION * size));
    } catch (error) {
      zip?.close();
      throw damagedWorkbook(path, messageOf(error));
    }
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** The bytes of a part piece by piece. @throws UserError when there is none, or it is damaged or too large */
  async *read(name: string): AsyncGenerator<Buffer> {
    const entry = this.entries.get(name);
    if (entry === undefined) throw damagedWorkbook(this.path, `it has no part ${name}`);
    // The library refuses a part that unpacks to more than its directory says.
    if (entry.uncompressedSize > this.mostBytes)
      throw new UserError(words().workbook.tooLarge(this.path, name, this.mostBytes));
    try {
      const stream = await this.zip.openReadStreamPromise(entry);
      try {
        yield* stream as AsyncIterable<Buffer>;
      } finally {
        stream.destroy();
      }
    } catch (error) {
      throw error instanceof UserError ? error : damagedWorkbook(this.path, messageOf(error));
    }
  }

  close(): void {
    this.zip.close();
  }
}

export function damagedWorkbook(path: string, why: string): UserError {
  return new UserError(words().workbook.damaged(path, why));
}
