import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  addFloats,
  addHalves,
  checksum,
  giveStaging,
  roundFloats,
  stagingInUse,
  takeStaging,
  widenHalves,
} from './kernels.js';
import { bytesOf } from './wire-format.js';

const HEADER_BYTES = 48;

/** The values in staging memory, as a message would bring them. */
function staged(values: Float32Array): Float32Array {
  const message = takeStaging(HEADER_BYTES, values.byteLength);
  if (message === undefined) throw new Error('no staging memory');
  const floats = new Float32Array(message.buffer, message.byteOffset + HEADER_BYTES, values.length);
  floats.set(values);
  return floats;
}

const pairs = fc.integer({ min: 0, max: 9000 }).chain((length) =>
  fc.tuple(
    fc
      .integer()
      .map((seed) => Float32Array.from({ length }, (_, at) => Math.sin(seed + at) * 10 ** (at % 9))),
    fc
      .integer()
      .map((seed) => Float32Array.from({ length }, (_, at) => Math.cos(seed + at) * 10 ** (at % 7))),
  ),
);

/** Bits of f32, the special ones often. */
const patterns = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(0, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7fffffff, 0x7f800001, 0x7f7fffff, 1),
);

/** What rounding means, for one value. */
function roundedBits(bits: number, seed: number, at: number): number {
  if ((bits & 0x7f800000) === 0x7f800000)
    return ((bits >>> 16) | ((bits & 0x007fffff) === 0 ? 0 : 0x0040)) & 0xffff;
  let hash = Math.imul(4 * (at >> 3) + (at & 3), 0x9e3779b1) ^ seed;
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash ^= hash >>> 15;
  const dither = (at & 4) === 0 ? hash & 0xffff : hash >>> 16;
  return (bits + dither) >>> 16;
}

describe('the kernels', () => {
  it('add to the bits of Math.fround, wherever the operands are', () => {
    fc.assert(
      fc.property(pairs, fc.boolean(), fc.boolean(), fc.boolean(), ([left, right], ...inside) => {
        const expected = Float32Array.from(left, (value, at) => Math.fround(value + (right[at] ?? 0)));
        const operands = [left, right, new Float32Array(left.length)].map((values, at) =>
          inside[at] === true ? staged(values) : values,
        );
        const [first = left, second = right, target = left] = operands;
        addFloats(target, first, second);
        expect(Buffer.from(bytesOf(target)).equals(bytesOf(expected))).toBe(true);
        operands.forEach(giveStaging);
      }),
      { numRuns: 60 },
    );
    expect(stagingInUse()).toBe(0);
  });

  it('round by the published formula, the rest of a vector as in the whole, and keep what is bf16 already', () => {
    fc.assert(
      fc.property(fc.array(patterns, { maxLength: 5000 }), fc.integer(), fc.nat(400), (bits, seed, skip) => {
        const source = new Float32Array(Uint32Array.from(bits).buffer);
        const rounded = new Uint16Array(source.length);
        roundFloats(rounded, source, { seed, first: 0 });
        expect(rounded).toEqual(Uint16Array.from(bits, (each, at) => roundedBits(each, seed, at)));
        const first = Math.min(8 * skip, 8 * Math.floor(source.length / 8));
        const rest = new Uint16Array(source.length - first);
        roundFloats(rest, source.subarray(first), { seed, first });
        expect(rest).toEqual(rounded.subarray(first));
        const wide = new Float32Array(source.length);
        widenHalves(wide, rounded);
        expect(new Uint32Array(wide.buffer)).toEqual(Uint32Array.from(rounded, (half) => half * 65_536));
        const again = new Uint16Array(source.length);
        roundFloats(again, wide, { seed: seed + 1, first: 0 });
        expect(again).toEqual(rounded);
      }),
      { numRuns: 40 },
    );
  });

  it('add bf16 as f32 and round once, wherever the operands are', () => {
    fc.assert(
      fc.property(pairs, fc.integer(), fc.nat(100), fc.boolean(), ([left, right], seed, lines, inside) => {
        const [a, b] = [left, right].map((values) => {
          const rounded = new Uint16Array(values.length);
          roundFloats(rounded, values, { seed, first: 0 });
          return rounded;
        });
        if (a === undefined || b === undefined) return;
        const [wideA, wideB] = [new Float32Array(a.length), new Float32Array(b.length)];
        widenHalves(wideA, a);
        widenHalves(wideB, b);
        addFloats(wideA, wideA, wideB);
        const expected = new Uint16Array(a.length);
        roundFloats(expected, wideA, { seed, first: 8 * lines });
        const staging = inside ? takeStaging(0, 2 * a.length) : undefined;
        const target =
          staging === undefined ? a : new Uint16Array(staging.buffer, staging.byteOffset, a.length);
        target.set(a);
        addHalves(target, target, b, { seed, first: 8 * lines });
        expect(Uint16Array.from(target)).toEqual(expected);
        if (staging !== undefined) giveStaging(staging);
      }),
      { numRuns: 40 },
    );
    expect(stagingInUse()).toBe(0);
  });

  it('give one checksum, wherever the body is, and another for any change of one bit', () => {
    const header = new Uint8Array(34).fill(7);
    fc.assert(
      fc.property(pairs, fc.nat(), ([values], where) => {
        const [plain, inside] = [bytesOf(values), staged(values)];
        const before = checksum(header, plain);
        expect(checksum(header, bytesOf(inside))).toEqual(before);
        giveStaging(inside);
        if (plain.length === 0) return;
        const at = where % plain.length;
        plain[at] = (plain[at] ?? 0) ^ (1 << (where & 7));
        expect(checksum(header, plain)).not.toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  it('hand out no more staging memory than there is, and take it back once', () => {
    const taken = Array.from({ length: 200 }, () => takeStaging(HEADER_BYTES, 1000)).filter(
      (message) => message !== undefined,
    );
    expect(taken.length).toBe(stagingInUse());
    expect(taken.length).toBeLessThan(200);
    for (const message of [...taken, ...taken]) giveStaging(message);
    expect(stagingInUse()).toBe(0);
    expect(takeStaging(HEADER_BYTES, (1 << 20) + 1)).toBeUndefined();
  });
});
