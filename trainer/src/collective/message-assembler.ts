import { FrameError } from '../errors.js';

const PREFIX_BYTES = 5;

/**
 * Puts the length-prefixed messages of a gRPC stream together. Each gets memory of its own, 8-byte aligned, filled as
 * the pieces arrive, so that numbers inside can be used where they are.
 */
export class MessageAssembler {
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixBytes = 0;
  #message: Buffer | undefined;
  #received = 0;

  constructor(
    private readonly maxMessageBytes: number,
    private readonly onMessage: (message: Buffer) => void,
  ) {}

  /** Throws a FrameError on a compressed or oversized message. */
  push(piece: Buffer): void {
    for (let at = 0; at < piece.byteLength;) {
      if (this.#message === undefined) at += this.#takePrefix(piece, at);
      if (this.#message === undefined) return;
      const taken = Math.min(this.#message.byteLength - this.#received, piece.byteLength - at);
      piece.copy(this.#message, this.#received, at, at + taken);
      at += taken;
      this.#received += taken;
      if (this.#received < this.#message.byteLength) return;
      const message = this.#message;
      this.#message = undefined;
      this.#prefixBytes = 0;
      this.onMessage(message);
    }
  }

  /** Whether the stream ends inside of a message. */
  get isInside(): boolean {
    return this.#prefixBytes > 0;
  }

  #takePrefix(piece: Buffer, at: number): number {
    const taken = Math.min(PREFIX_BYTES - this.#prefixBytes, piece.byteLength - at);
    piece.copy(this.#prefix, this.#prefixBytes, at, at + taken);
    this.#prefixBytes += taken;
    if (this.#prefixBytes < PREFIX_BYTES) return taken;
    const length = this.#prefix.readUInt32BE(1);
    if (this.#prefix[0] !== 0 || length === 0 || length > this.maxMessageBytes)
      throw new FrameError(`a gRPC message of ${length} bytes, flags ${this.#prefix[0]}`);
    this.#message = Buffer.allocUnsafeSlow(length);
    this.#received = 0;
    return taken;
  }
}

/** The prefix of an uncompressed message of so many bytes. */
export function messagePrefix(byteLength: number): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(byteLength, 1);
  return prefix;
}
