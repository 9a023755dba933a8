import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../errors.js';
import { float16ToFloat32, bfloat16ToFloat32 } from './float-conversion.js';
import { decodeSafetensors, SafetensorsFile } from './safetensors-file.js';
import { WeightFolder } from './weight-folder.js';
import { encodeSafetensors, writeJsonAtomically, writeSafetensors } from './write-safetensors.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const f32 = (name: string, shape: number[], data: number[]) =>
  ({ name, shape, type: 'F32', data: Float32Array.from(data) }) as const;

describe('SafetensorsFile', () => {
  it('reads back what was written, bit for bit', () => {
    const arbitrary = fc.dictionary(fc.string({ minLength: 1 }), fc.float32Array({ maxLength: 40 }), {
      maxKeys: 6,
    });
    fc.assert(
      fc.property(arbitrary, (content) => {
        const path = join(folder, 'x.safetensors');
        const entries = Object.entries(content).filter(
          ([name]) => name !== '__metadata__' && name !== '__proto__',
        );
        const bytes = {
          name: '\u0000codes',
          shape: [3],
          type: 'U8',
          data: Uint8Array.of(1, 2, 255),
        } as const;
        const tensors = entries.map(
          ([name, data]) => ({ name, shape: [data.length], type: 'F32', data }) as const,
        );
        writeSafetensors(path, [bytes, ...tensors], { format: 'pt', note: 'ü' });
        const file = SafetensorsFile.open(path);
        for (const [name, data] of entries) {
          const back = file.readFloat32(name);
          expect(
            Buffer.from(back.buffer).equals(Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
          ).toBe(true);
        }
        expect([...file.readBytes('\u0000codes')]).toEqual([1, 2, 255]);
        expect(file.metadata).toEqual({ format: 'pt', note: 'ü' });
        file.close();
      }),
      { numRuns: 60 },
    );
  });

  it('starts the data at a multiple of eight and every tensor aligned', () => {
    const image = encodeSafetensors([
      { name: 'b', shape: [3], type: 'U8', data: new Uint8Array(3) },
      f32('a', [2], [1, 2]),
    ]);
    expect(Number(new DataView(image.buffer).getBigUint64(0, true)) % 8).toBe(0);
    expect([...decodeSafetensors(image, 'image').tensors.keys()]).toEqual(['a', 'b']);
  });

  it('finds any truncation at opening', () => {
    const path = join(folder, 'x.safetensors');
    writeSafetensors(path, [f32('a', [2, 2], [1, 2, 3, 4])]);
    for (let size = readFileSync(path).length - 1; size >= 0; size -= 7) {
      truncateSync(path, size);
      expect(() => SafetensorsFile.open(path)).toThrow(UserError);
      expect(() => SafetensorsFile.open(path)).toThrow(/x\.safetensors.*truncated/);
    }
  });

  it.each([
    ['an unknown type', { a: { dtype: 'F8_E4M3', shape: [2], data_offsets: [0, 2] } }, /"a".*F8_E4M3/],
    [
      'a size that does not fit the shape',
      { a: { dtype: 'F32', shape: [3], data_offsets: [0, 8] } },
      /"a".*12 bytes/,
    ],
    ['offsets past the end', { a: { dtype: 'F32', shape: [100], data_offsets: [0, 400] } }, /"a".*truncated/],
    ['a negative extent', { a: { dtype: 'F32', shape: [-1], data_offsets: [0, 4] } }, /"a".*malformed/],
    ['a header that is no object', [], /no object/],
  ])('refuses %s', (_what, header, message) => {
    const path = join(folder, 'bad.safetensors');
    const json = Buffer.from(JSON.stringify(header));
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(json.length));
    writeFileSync(path, Buffer.concat([prefix, json, Buffer.alloc(8)]));
    expect(() => SafetensorsFile.open(path)).toThrow(message);
  });

  it('refuses an absurd header length without reading it', () => {
    const path = join(folder, 'bad.safetensors');
    writeFileSync(path, Buffer.alloc(64, 0xff));
    expect(() => SafetensorsFile.open(path)).toThrow(/not a safetensors file/);
  });

  it('leaves nothing behind when writing fails', () => {
    const failing = {
      ...f32('a', [1], [1]),
      get data(): Float32Array {
        throw new Error('boom');
      },
    };
    expect(() => writeSafetensors(join(folder, 'x.safetensors'), [failing])).toThrow('boom');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('half types', () => {
  it('widen exactly', () => {
    const half = float16ToFloat32(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00, 0x3555, 0x8000, 0x03ff));
    expect([...half]).toEqual([1, -2, 2 ** -24, Infinity, 0.333251953125, -0, 1023 * 2 ** -24]);
    expect([...bfloat16ToFloat32(Uint16Array.of(0x3f80, 0xc0a0, 0x0000))]).toEqual([1, -5, 0]);
  });
});

describe('WeightFolder', () => {
  it('reads sharded weights and names a missing or misshapen tensor', () => {
    writeSafetensors(join(folder, 'one.safetensors'), [f32('a', [2], [1, 2])]);
    writeSafetensors(join(folder, 'two.safetensors'), [f32('b', [1, 2], [3, 4])]);
    const index = { weight_map: { a: 'one.safetensors', b: 'two.safetensors' } };
    writeJsonAtomically(join(folder, 'model.safetensors.index.json'), index);
    const weights = WeightFolder.open(folder);
    expect([...weights.readFloat32('b', [1, 2])]).toEqual([3, 4]);
    expect(() => weights.readFloat32('b', [2, 1])).toThrow(/two\.safetensors.*"b".*\[1, 2\].*\[2, 1\]/);
    expect(() => weights.readFloat32('c', [1])).toThrow(/"c" is missing/);
    weights.close();
  });

  it('opens no more files than a model has', () => {
    const shards = Array.from({ length: 3000 }, (_, shard) => [`t${shard}`, `model-${shard}.safetensors`]);
    writeJsonAtomically(join(folder, 'model.safetensors.index.json'), {
      weight_map: Object.fromEntries(shards) as Record<string, string>,
    });
    expect(() => WeightFolder.open(folder)).toThrow(/field "weight_map" names more than 2048 files\.$/);
  });

  it('does not follow an index out of its folder', () => {
    writeJsonAtomically(join(folder, 'model.safetensors.index.json'), {
      weight_map: { a: '../secret.safetensors' },
    });
    expect(() => WeightFolder.open(folder)).toThrow(/"\.\.\/secret\.safetensors" is not the name of a file/);
  });

  it('says which shard is missing', () => {
    writeJsonAtomically(join(folder, 'model.safetensors.index.json'), {
      weight_map: { a: 'gone.safetensors' },
    });
    expect(() => WeightFolder.open(folder)).toThrow(/gone\.safetensors: there is no such file/);
  });
});
