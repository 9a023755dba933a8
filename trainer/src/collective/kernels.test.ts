import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { addFloats, checksum, giveStaging, stagingInUse, takeStaging } from './kernels.js';
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
