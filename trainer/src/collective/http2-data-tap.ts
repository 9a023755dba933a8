import type { OnReadOpts, Socket } from 'node:net';
import { Duplex } from 'node:stream';

const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;
/** RFC 9113 section 6. */
const FRAME_DATA = 0;
const FRAME_WINDOW_UPDATE = 8;
const FLAG_END_STREAM = 1;
const FLAG_PADDED = 8;
/** Nothing larger was announced (SETTINGS_MAX_FRAME_SIZE). */
const MAX_FRAME_BYTES = 16_384;
/** What all connections of this thread read into: what has been read is taken before the next read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(1 << 18);

/** Takes bytes start .. end - 1 of `bytes`, which are overwritten when it has returned. */
export type DataTaker = (bytes: Buffer, start: number, end: number) => void;

/**
 * A client's connection as node:http2 sees it, without the payload of DATA frames: these bytes go straight to who
 * wants them, from one buffer that is read into again and again. node:http2 would make garbage of 64 KiB for each
 * read, and collecting it took most of the time of a transfer. All the rest (settings, headers, pings, resets) is
 * node:http2's; only the flow control of what is received is done here.
 */
export class Http2DataTap extends Duplex {
  readonly #socket: Socket;
  readonly #takers = new Map<number, DataTaker>();
  readonly #sent = new SentFrames();
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  /** Of the frame under way: bytes that are still to come. */
  #left = 0;
  /** Of these, the padding at the end. */
  #padding = 0;
  #paddingIsKnown = true;
  #stream = 0;
  /** The frame under way, when it is for node:http2. */
  #forwarded: Buffer | undefined;
  readonly #unreported = new Map<number, number>();
  #updates: Buffer[] = [];
  #failure: string | undefined;
  #bytesReceived = 0;

  /**
   * @param dial connects a socket with these options, plain or TLS
   * @param windowBytes the window of the connection and of each stream that node:http2 announces
   */
  constructor(
    dial: (onread: OnReadOpts) => Socket,
    private readonly windowBytes: number,
  ) {
    super();
    this.#socket = dial({
      buffer: READ_BUFFER,
      callback: (bytes) => {
        this.#receive(bytes);
        return true;
      },
    });
    this.#socket.on('error', (error) => this.fail(error.message));
    // Not an end of the stream: node:http2 would begin to end its own side, and aborts the process when something is
    // still to be written then. What came before the end is read first.
    this.#socket.on('end', () => setImmediate(() => this.destroy()));
    this.#socket.on('close', () => this.destroy());
  }

  /** Why the connection broke, if it did not just end. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** All that has come over the connection, frames of all kinds. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** From here on, `take` gets the payload of the stream's DATA frames; of streams without a taker it is dropped. */
  divert(stream: number, take: DataTaker): void {
    this.#takers.set(stream, take);
  }

  /** The stream is closed. */
  forget(stream: number): void {
    this.#takers.delete(stream);
    this.#unreported.delete(stream);
  }

  /**
   * Breaks the connection, without an error event: at one, node:http2 would still write that it goes away, and aborts
   * the process when the other side is just ending too. Whoever gives a connection up destroys the tap and not the
   * session for the same reason.
   */
  fail(reason: string): void {
    this.#failure ??= reason;
    this.destroy();
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: string, done: (error?: Error | null) => void): void {
    this.#sent.advance(chunk);
    // What goes wrong with it is told by the socket's own error event.
    this.#socket.write(chunk, () => done());
    this.#flushUpdates();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#takers.clear();
    this.#socket.destroy();
    done(error);
  }

  #receive(bytes: number): void {
    this.#bytesReceived += bytes;
    for (let at = 0; at < bytes && !this.destroyed;) {
      if (this.#headBytes < HEAD_BYTES) {
        const taken = Math.min(HEAD_BYTES - this.#headBytes, bytes - at);
        READ_BUFFER.copy(this.#head, this.#headBytes, at, at + taken);
        at += taken;
        this.#headBytes += taken;
        if (this.#headBytes < HEAD_BYTES) break;
        this.#beginFrame();
      } else at = this.#takePayload(at, bytes);
      if (this.#headBytes === HEAD_BYTES && this.#left === 0) this.#endFrame();
    }
    for (const [stream, unreported] of this.#unreported)
      if (unreported >= this.windowBytes / 4) this.#reportTaken(stream, unreported);
    this.#flushUpdates();
  }

  #beginFrame(): void {
    const length = this.#head.readUIntBE(0, 3);
    this.#left = length;
    this.#padding = 0;
    if (length > MAX_FRAME_BYTES) {
      this.fail(`an HTTP/2 frame of ${length} bytes`);
    } else if (this.#head[3] === FRAME_DATA) {
      this.#stream = this.#head.readUInt32BE(5) & 0x7fffffff;
      this.#paddingIsKnown = ((this.#head[4] ?? 0) & FLAG_PADDED) === 0;
      this.#forwarded = undefined;
      this.#unreported.set(0, (this.#unreported.get(0) ?? 0) + length);
      if (this.#takers.has(this.#stream))
        this.#unreported.set(this.#stream, (this.#unreported.get(this.#stream) ?? 0) + length);
    } else {
      this.#forwarded = Buffer.allocUnsafe(HEAD_BYTES + length);
      this.#head.copy(this.#forwarded);
    }
  }

  /** Takes what there is of the frame's payload; returns where it ends. */
  #takePayload(start: number, bytes: number): number {
    const end = start + Math.min(this.#left, bytes - start);
    if (this.#forwarded !== undefined) {
      READ_BUFFER.copy(this.#forwarded, this.#forwarded.byteLength - this.#left, start, end);
      this.#left -= end - start;
      return end;
    }
    if (!this.#paddingIsKnown) {
      this.#paddingIsKnown = true;
      this.#padding = READ_BUFFER[start] ?? 0;
      this.#left -= 1;
      if (this.#padding > this.#left) this.fail('an HTTP/2 frame with more padding than bytes');
      return start + 1;
    }
    const wanted = Math.min(end - start, this.#left - this.#padding);
    if (wanted > 0) this.#takers.get(this.#stream)?.(READ_BUFFER, start, start + wanted);
    this.#left -= end - start;
    return end;
  }

  #endFrame(): void {
    this.#headBytes = 0;
    if (this.#forwarded !== undefined) {
      this.push(this.#forwarded);
      this.#forwarded = undefined;
    } else if (((this.#head[4] ?? 0) & FLAG_END_STREAM) !== 0) {
      const empty = Buffer.from(this.#head);
      empty.writeUIntBE(0, 0, 3);
      empty[4] = FLAG_END_STREAM;
      this.push(empty);
    }
  }

  /** Lets the peer send as much again. */
  #reportTaken(stream: number, bytes: number): void {
    this.#unreported.set(stream, 0);
    const update = Buffer.alloc(HEAD_BYTES + 4);
    update.writeUIntBE(4, 0, 3);
    update[3] = FRAME_WINDOW_UPDATE;
    update.writeUInt32BE(stream, 5);
    update.writeUInt32BE(bytes, HEAD_BYTES);
    this.#updates.push(update);
  }

  /** Not in the middle of a frame of node:http2's. */
  #flushUpdates(): void {
    if (this.#updates.length === 0 || !this.#sent.isWhole || this.destroyed) return;
    this.#socket.write(Buffer.concat(this.#updates));
    this.#updates = [];
  }
}

/** Follows the frames that are sent, to know where one ends. */
class SentFrames {
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  #left = PREFACE_BYTES;

  get isWhole(): boolean {
    return this.#left === 0 && this.#headBytes === 0;
  }

  advance(bytes: Buffer): void {
    for (let at = 0; at < bytes.byteLength;) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, bytes.byteLength - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      const taken = Math.min(HEAD_BYTES - this.#headBytes, bytes.byteLength - at);
      bytes.copy(this.#head, this.#headBytes, at, at + taken);
      this.#headBytes += taken;
      at += taken;
      if (this.#headBytes < HEAD_BYTES) return;
      this.#headBytes = 0;
      this.#left = this.#head.readUIntBE(0, 3);
    }
  }
}
