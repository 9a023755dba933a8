import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonValuesOf } from './json-values.js';
import { linesOf } from './lines-of.js';

describe('pieces of a text', () => {
  async function* cut(text: string, size: number): AsyncGenerator<string> {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
  }
  const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
    const result = [];
    for await (const item of items) result.push(item);
    return result;
  };

  it('give the same JSON values wherever they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.json(), { maxLength: 6 }),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom('', ' ', '\n'),
        async (values, size, space) => {
          const list = `${space}[${values.join(`,${space}`)}${space}]${space}`;
          const found = await all(jsonValuesOf(cut(list, size), 'a.json'));
          expect(found.map(({ text }) => text)).toEqual(values.map((value) => value.trim()));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('give the same lines wherever they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string().filter((line) => !/[\r\n]/.test(line)),
          { maxLength: 6 },
        ),
        fc.integer({ min: 1, max: 5 }),
        async (lines, size) => {
          const found = await all(linesOf(cut(lines.map((line) => `${line}\n`).join(''), size)));
          expect(found).toEqual(lines.map((text, index) => ({ number: index + 1, text })));
        },
      ),
      { numRuns: 100 },
    );
  });
});
