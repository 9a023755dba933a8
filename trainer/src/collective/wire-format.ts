import { WorkPhase } from '@tuneyard/proto';

import { FrameError } from '../errors.js';
import { checksum } from './kernels.js';
import type { Numbers, SumFormat } from './sum-format.js';
import type { Block } from './tree.js';

/**
 * A frame is one message of `Collective.Pull`. On the wire it is a valid `tuneyard.v1.Chunk` (field 1, length padded
 * to five bytes) whose payload starts with this header, all little endian:
 *
 * | byte | type | field |
 * |---|---|---|
 * | 0 | u8[6] | protobuf tag and length of `payload` |
 * | 6 | u16 | magic 0x5459 |
 * | 8 | u8 | kind |
 * | 9 | u8 | phase of the work |
 * | 10 | u8 | dtype of the body |
 * | 11 | u8 | flags |
 * | 12 | u32 | generation |
 * | 16 | u32 | step of the work |
 * | 20, 24 | u32 | start and size of the block (partial) |
 * | 28, 32 | u32 | first element and number of elements |
 * | 36 | u32 | bytes of the body |
 * | 40, 44 | u32 | checksum of bytes 6..39 and the body, low and high half (kernels.ts) |
 * | 48 | | body |
 */
export const HEADER_BYTES = 48;
/** Largest body: a 1 MiB chunk; a stance of many blocks is far smaller. */
export const MAX_BODY_BYTES = 1 << 20;

const MAGIC = 0x5459;
/** Of the field in the protobuf message. */
const FIELD_PREFIX_BYTES = 6;
/** Of the message in the gRPC stream. */
const MESSAGE_PREFIX_BYTES = 5;
const PAYLOAD_TAG = 0x0a;

export const FrameKind = { stance: 1, scalars: 2, partial: 3, result: 4, digests: 5 } as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

export const FrameDtype = { bytes: 0, f32: 1, bf16: 2, f64: 3 } as const;
export type FrameDtype = (typeof FrameDtype)[keyof typeof FrameDtype];

/** Bits of `flags`: what the sender knew when it sent its scalars. */
export const FLAG_STOP = 1;
export const FLAG_STOP_WITH_CHECKPOINT = 2;

export interface FrameHeader {
  readonly kind: FrameKind;
  readonly phase: WorkPhase;
  readonly dtype: FrameDtype;
  readonly flags: number;
  readonly generation: number;
  readonly step: number;
  readonly block: Block;
  readonly offset: number;
  readonly length: number;
}

export interface Frame extends FrameHeader {
  readonly body: Uint8Array;
}

/** A frame ready to be sent: the body is not copied. */
export interface EncodedFrame {
  /** The prefix of a gRPC message, and the header. */
  readonly envelope: Buffer;
  /** The header alone, in the same memory. */
  readonly header: Buffer;
  readonly body: Uint8Array;
}

/** `sameBody`: where the bytes of the body can be read as well, for the checksum. */
export function encodeFrame(frame: FrameHeader, body: Uint8Array, sameBody: Uint8Array = body): EncodedFrame {
  if (body.byteLength > MAX_BODY_BYTES)
    throw new FrameError(`a body of ${body.byteLength} bytes is over the limit of ${MAX_BODY_BYTES}`);
  const envelope = Buffer.allocUnsafe(MESSAGE_PREFIX_BYTES + HEADER_BYTES);
  envelope[0] = 0;
  envelope.writeUInt32BE(HEADER_BYTES + body.byteLength, 1);
  const header = envelope.subarray(MESSAGE_PREFIX_BYTES);
  let rest = HEADER_BYTES - FIELD_PREFIX_BYTES + body.byteLength;
  header[0] = PAYLOAD_TAG;
  for (let at = 1; at < FIELD_PREFIX_BYTES; at++) {
    header[at] = (rest & 0x7f) | (at < FIELD_PREFIX_BYTES - 1 ? 0x80 : 0);
    rest >>>= 7;
  }
  header.writeUInt16LE(MAGIC, 6);
  header[8] = frame.kind;
  header[9] = frame.phase;
  header[10] = frame.dtype;
  header[11] = frame.flags;
  header.writeUInt32LE(frame.generation, 12);
  header.writeUInt32LE(frame.step, 16);
  header.writeUInt32LE(frame.block.start, 20);
  header.writeUInt32LE(frame.block.size, 24);
  header.writeUInt32LE(frame.offset, 28);
  header.writeUInt32LE(frame.length, 32);
  header.writeUInt32LE(body.byteLength, 36);
  const { low, high } = checksum(header.subarray(FIELD_PREFIX_BYTES, 40), sameBody);
  header.writeUInt32LE(low, 40);
  header.writeUInt32LE(high, 44);
  return { envelope, header, body };
}

/** Checks everything that can be checked without knowing the work. The body is a view into `message`. */
export function decodeFrame(message: Buffer): Frame {
  if (message.byteLength < HEADER_BYTES)
    throw new FrameError(`a frame of ${message.byteLength} bytes is too short`);
  if (message[0] !== PAYLOAD_TAG || message.readUInt16LE(6) !== MAGIC)
    throw new FrameError('not a frame: no magic');
  const body = message.subarray(HEADER_BYTES);
  if (message.readUInt32LE(36) !== body.byteLength)
    throw new FrameError(`a frame says ${message.readUInt32LE(36)} bytes of body and has ${body.byteLength}`);
  const { low, high } = checksum(message.subarray(FIELD_PREFIX_BYTES, 40), body);
  if (message.readUInt32LE(40) !== low || message.readUInt32LE(44) !== high)
    throw new FrameError('a frame was damaged on its way');
  const [kind, phase, dtype] = [message[8], message[9], message[10]];
  if (!isKind(kind) || !isPhase(phase) || !isDtype(dtype))
    throw new FrameError(`a frame of unknown kind ${kind}, phase ${phase} or dtype ${dtype}`);
  return {
    kind,
    phase,
    dtype,
    flags: message[11] ?? 0,
    generation: message.readUInt32LE(12),
    step: message.readUInt32LE(16),
    block: { start: message.readUInt32LE(20), size: message.readUInt32LE(24) },
    offset: message.readUInt32LE(28),
    length: message.readUInt32LE(32),
    body,
  };
}

export const bytesPerNumber = (dtype: SumFormat['dtype']) => (dtype === FrameDtype.f32 ? 4 : 2);

/** The numbers of a body: the memory of the message itself where it is aligned, else a copy. */
export function bodyAsNumbers(frame: Frame, format: Pick<SumFormat, 'dtype' | 'view'>): Numbers {
  const { body, length } = frame;
  const bytes = length * bytesPerNumber(format.dtype);
  if (frame.dtype !== format.dtype || body.byteLength !== bytes)
    throw new FrameError(
      `a body of ${body.byteLength} bytes, dtype ${frame.dtype}, where ${length} numbers of dtype ${format.dtype} belong`,
    );
  if (body.byteOffset % 4 === 0) return format.view(body.buffer, body.byteOffset, length);
  const copy = Uint8Array.from(body);
  return format.view(copy.buffer, 0, length);
}

export function bytesOf(values: Float32Array | Float64Array | Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function isKind(value: unknown): value is FrameKind {
  return value === 1 || value === 2 || value === 3 || value === 4 || value === 5;
}

function isPhase(value: unknown): value is WorkPhase {
  return (
    value === WorkPhase.WORK_PHASE_EVALUATION ||
    value === WorkPhase.WORK_PHASE_GRADIENT ||
    value === WorkPhase.WORK_PHASE_END
  );
}

function isDtype(value: unknown): value is FrameDtype {
  return value === 0 || value === 1 || value === 2 || value === 3;
}
