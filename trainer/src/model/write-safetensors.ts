import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: 'F32' | 'U8' | 'I32';
  readonly data: Float32Array | Uint8Array | Int32Array;
}

/** Tensors as the chunks of one safetensors file: header first (padded to 8 bytes), then each tensor's bytes. */
function* chunks(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Generator<Uint8Array> {
  // Wide types first, names sorted within, as the reference writer does: every tensor then starts aligned.
  const width = (tensor: NamedTensor) => (tensor.type === 'U8' ? 1 : 4);
  const ordered = [...tensors].sort((a, b) => width(b) - width(a) || (a.name < b.name ? -1 : 1));
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, shape, type, data } of ordered) {
    header[name] = { dtype: type, shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(json, 8);
  yield padded;
  for (const { data } of ordered) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** One safetensors image in memory. */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Uint8Array {
  const parts = [...chunks(tensors, metadata)];
  const image = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    image.set(part, offset);
    offset += part.length;
  }
  return image;
}

/** Writes a safetensors file that is either whole or absent: temporary name, fsync, rename. */
export function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): void {
  writeAtomically(path, chunks(tensors, metadata));
}

/** Writes a file that is either whole or absent, whatever happens meanwhile. */
export function writeAtomically(path: string, parts: Iterable<Uint8Array>): void {
  const temporary = `${path}.${process.pid}.partial`;
  try {
    const descriptor = openSync(temporary, 'w');
    try {
      for (const part of parts) {
        for (let done = 0; done < part.length;) done += writeSync(descriptor, part, done);
      }
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

export function writeJsonAtomically(path: string, value: unknown): void {
  writeAtomically(path, [new TextEncoder().encode(`${JSON.stringify(value, undefined, 2)}\n`)]);
}
