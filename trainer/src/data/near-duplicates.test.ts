import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NearDuplicates } from './near-duplicates.js';

/** Exact Jaccard similarity of the shingles, the definition that signatures estimate. */
function jaccard(a: string, b: string): number {
  const shingles = (text: string) =>
    new Set(Array.from({ length: text.length - 4 }, (_, i) => text.slice(i, i + 5)));
  const [left, right] = [shingles(a), shingles(b)];
  const shared = [...left].filter((shingle) => right.has(shingle)).length;
  return shared / (left.size + right.size - shared);
}

function estimated(a: string, b: string): number {
  const texts = new NearDuplicates();
  return texts.similarity(texts.add(a), texts.add(b));
}

describe('estimated similarity', () => {
  it('is the Jaccard similarity without bias', () => {
    const letters = fc.array(fc.constantFrom(...'abcdefghijklmnop'.split('')), {
      minLength: 150,
      maxLength: 400,
    });
    const errors: number[] = [];
    fc.assert(
      fc.property(letters, fc.double({ min: 0.3, max: 1, noNaN: true }), (characters, share) => {
        const a = characters.join('');
        const b = a.slice(0, Math.round(a.length * share));
        errors.push(estimated(a, b) - jaccard(a, b));
      }),
      { numRuns: 300, seed: 1 },
    );
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(deviation).toBeLessThan(0.08);
  });

  it('sees through case, width and punctuation', () => {
    expect(estimated('Where is it?', 'ＷＨＥＲＥ  is it')).toBe(1);
  });
});

describe('NearDuplicates', () => {
  const chinese =
    '我们的客服中心每天从早上九点到晚上六点接听来电，周末和法定节假日休息，请在工作时间内联系。';
  const english =
    'Our support desk answers calls from nine in the morning until six in the evening, except on holidays.';

  it.each([
    ['Chinese', chinese, chinese.replace('六点', '七点')],
    ['English', english, english.replace('nine', 'ten')],
  ])('finds a changed word in %s', (_, original, changed) => {
    const duplicates = new NearDuplicates();
    for (const text of ['Something else entirely, about boats.', original, '又一句毫不相干的话。', changed]) {
      duplicates.add(text);
    }
    expect([...duplicates.groups()]).toEqual([0, 1, 2, 1]);
  });

  it('keeps apart what only shares a form', () => {
    const duplicates = new NearDuplicates();
    for (const name of ['Kelmar', 'Dorvin', 'Taluso', 'Wenbor'])
      duplicates.add(`What is the code of ${name}? ${name}`);
    expect([...duplicates.groups()]).toEqual([0, 1, 2, 3]);
  });
});
