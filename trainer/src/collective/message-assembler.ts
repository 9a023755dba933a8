import { FrameError } from '../errors.js';
import { giveStaging, takeStaging } from './kernels.js';

const PREFIX_BYTES = 5;
/** Larger messages are worth a place in the staging memory. */
const SMALL_BYTES = 1 << 15;

/**
 * Puts the length-prefixed messages of a gRPC stream together, filled as the pieces arrive. Large ones stand in staging
 * memory, to be given back; the others each get memory of their own, 8-byte aligned.
 */
export class MessageAssembler {
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixBytes = 0;
  #message: Buffer | undefined;
  #received = 0;

  constructor(
    private readonly maxMessageBytes: number,
    private readonly headerBytes: number,
    private readonly onMessage: (message: Buffer) => void,
  ) {}

  /** The next bytes of the stream: start .. end - 1 of `piece`. Throws a FrameError on a compressed or oversized message. */
  push(piece: Buffer, start = 0, end = piece.byteLength): void {
    for (let at = start; at < end;) {
      if (this.#message === undefined) at += this.#takePrefix(piece, at, end);
      if (this.#message === undefined) return;
      const taken = Math.min(this.#message.byteLength - this.#received, end - at);
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

  /** Nothing more will come. */
  dispose(): void {
    if (this.#message !== undefined) giveStaging(this.#message);
    this.#message = undefined;
  }

  #takePrefix(piece: Buffer, at: number, end: number): number {
    const taken = Math.min(PREFIX_BYTES - this.#prefixBytes, end - at);
    piece.copy(this.#prefix, this.#prefixBytes, at, at + taken);
    this.#prefixBytes += taken;
    if (this.#prefixBytes < PREFIX_BYTES) return taken;
    const length = this.#prefix.readUInt32BE(1);
    if (this.#prefix[0] !== 0 || length === 0 || length > this.maxMessageBytes)
      throw new FrameError(`a gRPC message of ${length} bytes, flags ${this.#prefix[0]}`);
    const staged =
      length > SMALL_BYTES ? takeStaging(this.headerBytes, length - this.headerBytes) : undefined;
    this.#message = staged ?? Buffer.allocUnsafeSlow(length);
    this.#received = 0;
    return taken;
  }
}

/** A message where the assembler would have put it: grpc-js leaves it at an odd address, in memory of its own. */
export function staged(message: Buffer, headerBytes: number): Buffer {
  const length = message.byteLength;
  const place = length > SMALL_BYTES ? takeStaging(headerBytes, length - headerBytes) : undefined;
  if (place !== undefined) message.copy(place);
  return place ?? message;
}

/** The prefix of an uncompressed message of so many bytes. */
export function messagePrefix(byteLength: number): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(byteLength, 1);
  return prefix;
}
