import { Chunk, WorkPhase } from '@tuneyard/proto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Bf16Memory, Bf16Sums } from './bf16-sums.js';
import { F32Sums } from './f32-sums.js';
import { VectorPool } from './partial-sums.js';
import { bodyAsNumbers, bytesOf, decodeFrame, encodeFrame, FrameDtype, FrameKind } from './wire-format.js';

const pool = new VectorPool<Float32Array>((length) => new Float32Array(length));
const [f32, bf16] = [new F32Sums(pool), new Bf16Sums(new Bf16Memory(), pool, 1, 1)];

const word = fc.integer({ min: 0, max: 0xffffffff });
const frames = fc.record({
  kind: fc.constantFrom(...Object.values(FrameKind)),
  phase: fc.constantFrom(WorkPhase.WORK_PHASE_GRADIENT, WorkPhase.WORK_PHASE_EVALUATION),
  flags: fc.integer({ min: 0, max: 255 }),
  generation: word,
  step: word,
  block: fc.record({ start: word, size: word }),
  offset: word,
});

describe('the wire format', () => {
  it('brings every field and number over, as a valid Chunk message', () => {
    fc.assert(
      fc.property(frames, fc.float32Array({ maxLength: 300 }), fc.boolean(), (fields, floats, half) => {
        const values = half ? new Uint16Array(floats.buffer, 0, floats.length) : floats;
        const [format, other] = half ? [bf16, f32] : [f32, bf16];
        const given = { ...fields, dtype: format.dtype, length: values.length };
        const { header, body } = encodeFrame(given, bytesOf(values));
        const message = Buffer.concat([header, body]);
        const { body: got, ...rest } = decodeFrame(message);
        expect(rest).toEqual(given);
        expect(Buffer.from(bytesOf(bodyAsNumbers({ ...rest, body: got }, format)))).toEqual(
          Buffer.from(bytesOf(values)),
        );
        expect(() => bodyAsNumbers({ ...rest, body: got }, other)).toThrow(/where .* belong/);
        expect(Buffer.from(Chunk.decode(message).payload)).toEqual(message.subarray(6));
      }),
    );
  });

  it('notices any damage', () => {
    const values = new Float32Array([1, 2, 3]);
    const fields = {
      kind: FrameKind.partial,
      phase: WorkPhase.WORK_PHASE_GRADIENT,
      flags: 0,
      generation: 1,
      step: 2,
      block: { start: 0, size: 1 },
      offset: 0,
      dtype: FrameDtype.f32,
      length: 3,
    };
    const { header, body } = encodeFrame(fields, bytesOf(values));
    const sound = Buffer.concat([header, body]);
    for (let bit = 8 * 6; bit < 8 * sound.length; bit++) {
      const damaged = Buffer.from(sound);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => decodeFrame(damaged), `bit ${bit}`).toThrow();
    }
    for (let length = 0; length < sound.length; length++)
      expect(() => decodeFrame(sound.subarray(0, length))).toThrow();
  });
});
