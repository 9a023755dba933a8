import { createHash, randomBytes, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { Example } from './encode-conversation.js';
import { ExampleStore } from './example-store.js';
import type { PreparedData } from './prepared-data.js';

const MAGIC = 'tuneyard-data-1\n';
const DIGEST_BYTES = 32;
const FLUSH_BYTES = 1 << 20;
/** No field of a sound file is longer. */
const MAX_FIELD_BYTES = 1 << 28;

/** What is not examples, and how the examples that follow are divided. */
interface Header {
  readonly padId: number;
  readonly stopIds: readonly number[];
  readonly report: PreparedData['report'];
  readonly train: readonly { readonly weight: number; readonly count: number }[];
  readonly validation: number;
  readonly test: number;
}

/** Writes a prepared data set as one file with its sha256 at the end; complete or not at all. Throws as `fs` does. */
export function writePreparedData(path: string, data: PreparedData): void {
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    const writer = new Writer(file);
    const header: Header = {
      padId: data.padId,
      stopIds: data.stopIds,
      report: data.report,
      train: data.train.map(({ weight, examples }) => ({ weight, count: examples.length })),
      validation: data.validation.length,
      test: data.test.length,
    };
    writer.bytes(Buffer.from(MAGIC));
    writer.field(Buffer.from(JSON.stringify(header)));
    for (const { examples } of data.train) for (const example of examples) writeExample(writer, example);
    for (const example of [...data.validation, ...data.test]) writeExample(writer, example);
    writer.end();
    closeSync(file);
    renameSync(draft, path);
  } catch (error) {
    closeQuietly(file);
    rmSync(draft, { force: true });
    throw error;
  }
}

/** The data set that {@link writePreparedData} wrote; undefined when the file is absent or damaged. */
export function readPreparedData(path: string): PreparedData | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const reader = new Reader(file);
    if (reader.bytes(MAGIC.length).toString() !== MAGIC) return undefined;
    const header = JSON.parse(reader.field().toString()) as Header;
    const store = new ExampleStore();
    const examples = (count: number) => Array.from({ length: count }, () => readExample(reader, store));
    const data: PreparedData = {
      train: header.train.map(({ weight, count }) => ({ weight, examples: examples(count) })),
      validation: examples(header.validation),
      test: examples(header.test),
      padId: header.padId,
      stopIds: header.stopIds,
      report: header.report,
    };
    return reader.endsWithDigest() ? data : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

function writeExample(writer: Writer, { inputIds, trained, promptLength, reference, place }: Example): void {
  writer.field(new Uint8Array(inputIds.buffer, inputIds.byteOffset, inputIds.byteLength));
  writer.field(trained);
  writer.number(promptLength);
  writer.field(Buffer.from(reference));
  writer.field(Buffer.from(place));
}

function readExample(reader: Reader, store: ExampleStore): Example {
  const ids = reader.field();
  const trained = reader.field();
  if (ids.length !== 4 * trained.length) throw new Error('damaged');
  return store.keep({
    inputIds: new Int32Array(new Uint8Array(ids).buffer),
    trained,
    promptLength: reader.number(),
    reference: reader.field().toString(),
    place: reader.field().toString(),
  });
}

/** Bytes to a file, hashed on the way, a large piece at a time. */
class Writer {
  private readonly hash: Hash = createHash('sha256');
  private pending: Uint8Array[] = [];
  private pendingBytes = 0;

  constructor(private readonly file: number) {}

  bytes(data: Uint8Array): void {
    this.pending.push(data);
    this.pendingBytes += data.length;
    if (this.pendingBytes >= FLUSH_BYTES) this.flush();
  }

  number(value: number): void {
    const data = Buffer.alloc(4);
    data.writeUInt32LE(value);
    this.bytes(data);
  }

  /** Length, then the bytes. */
  field(data: Uint8Array): void {
    this.number(data.length);
    this.bytes(data);
  }

  end(): void {
    this.flush();
    writeAll(this.file, this.hash.digest());
  }

  private flush(): void {
    const data = Buffer.concat(this.pending);
    this.hash.update(data);
    writeAll(this.file, data);
    this.pending = [];
    this.pendingBytes = 0;
  }
}

class Reader {
  private readonly hash: Hash = createHash('sha256');
  private buffer = Buffer.alloc(0);
  private at = 0;

  constructor(private readonly file: number) {}

  bytes(count: number): Buffer {
    const data = this.take(count);
    this.hash.update(data);
    return data;
  }

  number(): number {
    return this.bytes(4).readUInt32LE();
  }

  field(): Buffer {
    const length = this.number();
    if (length > MAX_FIELD_BYTES) throw new Error('damaged');
    return this.bytes(length);
  }

  endsWithDigest(): boolean {
    const isSound = this.take(DIGEST_BYTES).equals(this.hash.digest());
    return isSound && this.at === this.buffer.length && !this.more(1);
  }

  private take(count: number): Buffer {
    while (this.buffer.length - this.at < count) if (!this.more(count)) throw new Error('truncated');
    this.at += count;
    return this.buffer.subarray(this.at - count, this.at);
  }

  /** Reads on; false at the end of the file. */
  private more(wanted: number): boolean {
    const piece = Buffer.alloc(Math.max(FLUSH_BYTES, wanted));
    const read = readSync(this.file, piece, 0, piece.length, null);
    if (read === 0) return false;
    this.buffer = Buffer.concat([this.buffer.subarray(this.at), piece.subarray(0, read)]);
    this.at = 0;
    return true;
  }
}

function writeAll(file: number, data: Uint8Array): void {
  for (let at = 0; at < data.length;) at += writeSync(file, data, at);
}

function closeQuietly(file: number): void {
  try {
    closeSync(file);
  } catch {
    // It was closed before the failure.
  }
}
