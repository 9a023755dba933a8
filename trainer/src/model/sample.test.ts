import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleToken, type Sampling } from './sample.js';

const PLAIN: Sampling = { temperature: 1, topK: 0, topP: 1, seed: 0 };
const LOGITS = Float32Array.of(0.5, 2, -1, 2, 0);

/** Share of each token over evenly spread draws. */
function shares(logits: Float32Array, sampling: Sampling, draws = 100_000): number[] {
  const counts = Array.from(logits, () => 0);
  for (let draw = 0; draw < draws; draw++) {
    const id = sampleToken(logits, sampling, (draw + 0.5) / draws);
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts.map((count) => count / draws);
}

const softmax = (logits: readonly number[]): number[] => {
  const weights = logits.map((logit) => Math.exp(logit));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
};

describe('sampleToken', () => {
  it.each([0.5, 1, 3])('draws from the softmax of logits over temperature %s', (temperature) => {
    const expected = softmax([...LOGITS].map((logit) => logit / temperature));
    for (const [id, share] of shares(LOGITS, { ...PLAIN, temperature }).entries())
      expect(share).toBeCloseTo(expected[id] ?? NaN, 3);
  });

  it('leaves the likeliest topK, equal ones by id', () => {
    expect(shares(LOGITS, { ...PLAIN, topK: 1 })).toEqual([0, 1, 0, 0, 0]);
    const three = shares(LOGITS, { ...PLAIN, topK: 3 });
    expect([three[2], three[4]]).toEqual([0, 0]);
    expect(three[0]).toBeCloseTo(softmax([0.5, 2, 2])[0] ?? NaN, 3);
  });

  it('leaves the nucleus that has topP of the probability', () => {
    // 1 and 3 have 0.39 each.
    expect(shares(LOGITS, { ...PLAIN, topP: 0.39 })).toEqual([0, 1, 0, 0, 0]);
    expect(shares(LOGITS, { ...PLAIN, topP: 0.7 })).toEqual([0, 0.5, 0, 0.5, 0]);
  });

  it('draws as one who sorts all tokens first does', () => {
    fc.assert(
      fc.property(
        // Few values, so that many are equal.
        fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 1, maxLength: 60 }),
        fc.nat(70),
        fc.constantFrom(1, 0.9, 0.5, 0.01),
        fc.integer({ min: 0, max: 999 }),
        (values, topK, topP, draw) => {
          const logits = Float32Array.from(values);
          const ids = [...logits.keys()].sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
          const kept = ids.slice(0, topK === 0 ? ids.length : topK);
          const weights = kept.map((id) => Math.exp(values[id] ?? 0));
          const sum = (count: number): number =>
            weights.slice(0, count).reduce((total, one) => total + one, 0);
          const count =
            topP === 1
              ? kept.length
              : weights.findIndex((_, at) => sum(at + 1) >= topP * sum(kept.length) * (1 - 1e-12)) + 1;
          const uniform = (draw + 0.5) / 1000;
          const drawn = sampleToken(logits, { temperature: 1, topK, topP, seed: 0 }, uniform);
          const at = kept.indexOf(drawn);
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at).toBeLessThan(count);
          expect(sum(at)).toBeLessThanOrEqual(uniform * sum(count) * (1 + 1e-9));
          expect(sum(at + 1)).toBeGreaterThanOrEqual(uniform * sum(count) * (1 - 1e-9));
        },
      ),
    );
  });

  it('gives a token that the filters leave, for any numbers', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 1, maxLength: 40, noNaN: true, noDefaultInfinity: true }),
        fc.record({
          temperature: fc.double({ min: 0.01, max: 10, noNaN: true }),
          topK: fc.nat(50),
          topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
          seed: fc.constant(0),
        }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (logits, sampling, uniform) => {
          const id = sampleToken(logits, sampling, uniform);
          const greater = logits.filter((logit) => logit > (logits[id] ?? NaN)).length;
          expect(greater).toBeLessThan(sampling.topK === 0 ? logits.length : sampling.topK);
        },
      ),
    );
  });
});
