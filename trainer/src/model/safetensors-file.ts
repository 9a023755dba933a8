import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { UserError } from '../errors.js';
import { bfloat16ToFloat32, float16ToFloat32 } from './float-conversion.js';
import { giantJson, isJsonObject, notTheFile } from '../support/index.js';

const BYTES_PER_ELEMENT = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;
export type StoredType = keyof typeof BYTES_PER_ELEMENT;

export interface StoredTensor {
  readonly type: StoredType;
  readonly shape: readonly number[];
  /** Absolute byte offset in the file. */
  readonly begin: number;
  readonly bytes: number;
}

/** The format's own limit on its header, in bytes. */
const LARGEST_HEADER = 100_000_000;
/** Twice what the largest published models have in all their files together. */
const MOST_TENSORS = 1 << 18;

/**
 * One safetensors file, read by position: opening reads the header alone, a tensor is read when it is asked for.
 * Every offset, shape and type is checked against the file's size at opening, so a damaged or truncated file is
 * found before any of it is used.
 */
export class SafetensorsFile {
  private constructor(
    readonly path: string,
    private readonly descriptor: number,
    readonly tensors: ReadonlyMap<string, StoredTensor>,
    readonly metadata: Readonly<Record<string, string>>,
  ) {}

  /** @throws UserError when the file is missing, truncated or malformed. */
  static open(path: string): SafetensorsFile {
    if (!existsSync(path)) throw new UserError(`${path}: there is no such file.`);
    const descriptor = openSync(path, 'r');
    try {
      const { size } = fstatSync(descriptor);
      const read = (position: number, length: number) => readExactly(path, descriptor, position, length);
      const { tensors, metadata } = readHeader(path, size, read);
      return new SafetensorsFile(path, descriptor, tensors, metadata);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** The bytes of a tensor as stored, in a buffer of their own. */
  readBytes(name: string): Uint8Array {
    const tensor = this.find(name);
    return readExactly(this.path, this.descriptor, tensor.begin, tensor.bytes);
  }

  /** A F32, F16, BF16 or F64 tensor widened (F64: rounded) to float32, row-major. */
  readFloat32(name: string): Float32Array {
    return toFloat32(this.readBytes(name), this.find(name).type, `${this.path}: tensor "${name}"`);
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private find(name: string): StoredTensor {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new UserError(`${this.path}: tensor "${name}" is missing.`);
    return tensor;
  }
}

/** A whole safetensors image in memory, for states that never were a file. */
export function decodeSafetensors(
  image: Uint8Array,
  place: string,
): {
  tensors: Map<string, { shape: readonly number[]; type: StoredType; data: Uint8Array }>;
  metadata: Readonly<Record<string, string>>;
} {
  const { tensors, metadata } = readHeader(place, image.byteLength, (position, length) =>
    image.subarray(position, position + length),
  );
  const decoded = new Map<string, { shape: readonly number[]; type: StoredType; data: Uint8Array }>();
  for (const [name, tensor] of tensors) {
    const data = image.slice(tensor.begin, tensor.begin + tensor.bytes);
    decoded.set(name, { shape: tensor.shape, type: tensor.type, data });
  }
  return { tensors: decoded, metadata };
}

/** @param bytes a buffer of its own (offset 0), little-endian. */
export function toFloat32(bytes: Uint8Array, type: StoredType, place: string): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (type) {
    case 'F32':
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case 'F16':
      return float16ToFloat32(new Uint16Array(buffer, byteOffset, byteLength / 2));
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(buffer, byteOffset, byteLength / 2));
    case 'F64':
      return Float32Array.from(new Float64Array(buffer, byteOffset, byteLength / 8));
    default:
      throw new UserError(`${place} has type ${type}; weights must be F32, F16, BF16 or F64.`);
  }
}

function readExactly(path: string, descriptor: number, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const read = readSync(descriptor, bytes, done, length - done, position + done);
    if (read === 0)
      throw new UserError(`${path}: the file ended at byte ${position + done}; it is truncated.`);
    done += read;
  }
  return bytes;
}

function readHeader(
  place: string,
  size: number,
  read: (position: number, length: number) => Uint8Array,
): { tensors: Map<string, StoredTensor>; metadata: Record<string, string> } {
  if (size < 8)
    throw new UserError(`${place}: ${size} bytes is too short for a safetensors file; it is truncated.`);
  const other = notTheFile(read(0, Math.min(size, 512)));
  if (other !== undefined) throw new UserError(`${place} ${other}.`);
  const prefix = read(0, 8);
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true));
  if (length > LARGEST_HEADER)
    throw new UserError(`${place}: not a safetensors file (header of ${length} bytes).`);
  if (8 + length > size)
    throw new UserError(`${place}: the header ends after the file does; it is truncated.`);
  const bytes = read(8, length);
  const giant = giantJson(bytes);
  if (giant !== undefined)
    throw new UserError(`${place}: its header ${giant}, which no file of weights has.`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new UserError(`${place}: not a safetensors file (its header is no JSON).`);
  }
  if (!isJsonObject(header))
    throw new UserError(`${place}: not a safetensors file (its header is no object).`);
  const count = Object.keys(header).length;
  if (count > MOST_TENSORS)
    throw new UserError(`${place}: its header names ${count} tensors; at most ${MOST_TENSORS} are read.`);
  const tensors = new Map<string, StoredTensor>();
  const metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name !== '__metadata__') tensors.set(name, checkedEntry(place, name, entry, 8 + length, size));
    else if (isJsonObject(entry)) {
      for (const [key, value] of Object.entries(entry)) if (typeof value === 'string') metadata[key] = value;
    }
  }
  return { tensors, metadata };
}

function checkedEntry(
  place: string,
  name: string,
  entry: unknown,
  dataBegin: number,
  size: number,
): StoredTensor {
  const malformed = (what: string) => new UserError(`${place}: tensor "${name}" ${what}.`);
  if (!isJsonObject(entry)) throw malformed('has a malformed header entry');
  const { dtype, shape, data_offsets: offsets } = entry;
  const type = dtype;
  if (!isStoredType(type)) throw malformed(`has the unsupported type ${JSON.stringify(type)}`);
  if (!isCountArray(shape) || !isCountArray(offsets) || offsets.length !== 2) {
    throw malformed('has a malformed shape or offsets');
  }
  const [begin = 0, end = 0] = offsets;
  const bytes = shape.reduce((product, extent) => product * extent, BYTES_PER_ELEMENT[type]);
  if (!Number.isSafeInteger(bytes) || end - begin !== bytes) {
    throw malformed(
      `of shape [${shape.join(', ')}] and type ${type} should have ${bytes} bytes, but has ${end - begin}`,
    );
  }
  if (dataBegin + end > size) {
    throw malformed(`ends at byte ${dataBegin + end}, but the file has ${size}; it is truncated`);
  }
  return { type, shape, begin: dataBegin + begin, bytes };
}

function isStoredType(value: unknown): value is StoredType {
  return typeof value === 'string' && Object.hasOwn(BYTES_PER_ELEMENT, value);
}

function isCountArray(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
}
